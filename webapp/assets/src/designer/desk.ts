import { Diagram } from "./diagram";
import { FindingsPanel } from "./findings";
import { type Finding, Refusal, Server } from "./server";
import type { Settings } from "./settings";
import { Toolbar } from "./toolbar";
import { type Say, speaker, type Word } from "./words";

/** After this pause in drawing the engine is asked what it thinks. */
const LINT_PAUSE_MS = 900;
const WRITING: Word[] = ["save", "tidy", "publish"];

/** The designer's desk: canvas, properties, findings and the buttons, and what they do together. */
export class Desk {
  private readonly say: Say;
  private readonly server: Server;
  private readonly toolbar: Toolbar;
  private readonly diagram: Diagram;
  private readonly panel: FindingsPanel;
  private lintTimer = 0;
  private lintRound = 0;
  private busy = false;
  /** Part of the file could not be read: what bpmn-js writes would lack it. */
  private lossy = false;

  constructor(
    root: HTMLElement,
    private readonly settings: Settings,
  ) {
    const say = speaker(settings.language);
    this.say = say;
    this.server = new Server(settings.csrf, settings.language);
    this.server.revision = settings.revision;
    root.classList.add("lm-designer");
    const parts = layOut(root, say, settings.readOnly);
    this.toolbar = new Toolbar(parts.toolbar, say);
    this.diagram = new Diagram(parts.canvas, settings.readOnly ? null : parts.properties, settings, say);
    this.panel = new FindingsPanel(
      parts.findings,
      say,
      (id) => this.diagram.nameOf(id),
      (id) => this.diagram.show(id),
    );
    new ResizeObserver(() => this.diagram.resized()).observe(parts.canvas);
    this.addButtons();
    if (!settings.readOnly) this.watch();
  }

  async open(): Promise<void> {
    this.toolbar.announce(this.say("loading"));
    try {
      const lost = await this.diagram.open(await this.server.open(this.settings.xmlUrl));
      if (lost[0] === undefined) {
        this.toolbar.announce(this.say(this.settings.readOnly ? "readOnly" : "opened"));
      } else {
        this.lossy = true;
        this.toolbar.announce(this.say("unreadable", { reason: lost[0].split("\n")[0] ?? "" }), "bad");
      }
    } catch (error) {
      this.toolbar.announce(this.say("openFailed", { reason: this.reason(error) }), "bad");
      return;
    }
    this.refresh();
    await this.lint();
  }

  async lint(): Promise<Finding[] | null> {
    if (!this.settings.lintUrl) return [];
    window.clearTimeout(this.lintTimer);
    const round = ++this.lintRound;
    this.panel.announce(this.say("checking"));
    try {
      const findings = await this.server.lint(this.settings.lintUrl, await this.diagram.xmlWithoutBlur());
      // An answer that was overtaken by a newer question describes a diagram that is no longer there.
      if (round === this.lintRound) this.showFindings(findings);
      return findings;
    } catch (error) {
      if (round === this.lintRound) this.panel.announce(this.say("checkFailed", { reason: this.reason(error) }));
      return null;
    }
  }

  /** True when the server holds what is drawn. */
  async save(): Promise<boolean> {
    this.toolbar.announce(this.say("saving"));
    try {
      const xml = await this.diagram.xml();
      await this.server.saveDraft(this.settings.draftUrl, xml);
    } catch (error) {
      const conflict = error instanceof Refusal && (error.status === 409 || error.status === 412);
      const text = conflict ? this.say("saveConflict") : this.say("saveFailed", { reason: this.reason(error) });
      this.toolbar.announce(text, "bad");
      return false;
    }
    this.diagram.markSaved();
    this.toolbar.announce(this.say("saved", { time: timeOfDay() }), "good");
    return true;
  }

  async publish(): Promise<void> {
    if (!window.confirm(this.say("publishConfirm"))) return;
    if (this.settings.draftUrl && !(await this.save())) return;
    const xml = await this.diagram.xml();
    this.toolbar.announce(this.say("publishing"));
    try {
      const { version, location: next } = await this.server.publish(this.settings.publishUrl, xml);
      this.diagram.markSaved();
      this.toolbar.announce(this.say("published", { version }), "good");
      if (next) window.location.assign(next);
    } catch (error) {
      if (error instanceof Refusal && error.findings.length > 0) {
        this.showFindings(error.findings);
        const count = error.findings.filter(({ severity }) => severity === "error").length;
        this.toolbar.announce(this.say("publishRefused", { count }), "bad");
      } else {
        this.toolbar.announce(this.say("publishFailed", { reason: this.reason(error) }), "bad");
      }
    }
  }

  async tidy(): Promise<void> {
    const before = await this.diagram.xml();
    try {
      await this.diagram.open(await this.server.layout(this.settings.layoutUrl, before));
    } catch (error) {
      this.toolbar.announce(this.say("tidyFailed", { reason: this.reason(error) }), "bad");
      return;
    }
    this.diagram.markUnsaved();
    this.refresh();
    this.toolbar.offer(this.say("tidied"), this.say("tidyBack"), () => {
      void this.diagram.open(before).then(() => {
        this.diagram.markUnsaved();
        this.changed();
      });
    });
    await this.lint();
  }

  private async download(): Promise<void> {
    const address = URL.createObjectURL(new Blob([await this.diagram.xml()], { type: "application/xml" }));
    const link = document.createElement("a");
    link.href = address;
    link.download = `${this.settings.key || "process"}.bpmn`;
    link.click();
    URL.revokeObjectURL(address);
  }

  private addButtons(): void {
    const { toolbar, settings } = this;
    const once = (work: () => Promise<unknown>) => () => void this.alone(work);
    if (!settings.readOnly) {
      if (settings.draftUrl) toolbar.add("save", once(() => this.save()), { keys: "Ctrl+S" });
      if (settings.lintUrl) toolbar.add("check", once(() => this.lint()));
      if (settings.layoutUrl) toolbar.add("tidy", once(() => this.tidy()));
      toolbar.gap();
      toolbar.add("undo", () => this.diagram.undo(), { keys: "Ctrl+Z" });
      toolbar.add("redo", () => this.diagram.redo(), { keys: "Ctrl+Y" });
      toolbar.gap();
    }
    toolbar.add("fit", () => this.diagram.fit());
    toolbar.add("actualSize", () => this.diagram.actualSize());
    toolbar.add("download", once(() => this.download()));
    if (!settings.readOnly && settings.publishUrl) {
      toolbar.gap();
      toolbar.add("publish", once(() => this.publish()), { primary: true });
    }
  }

  private watch(): void {
    this.diagram.onChange(() => this.changed());
    document.addEventListener("keydown", (event) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") {
        event.preventDefault();
        if (this.settings.draftUrl && !this.lossy) void this.alone(() => this.save());
      }
    });
    window.addEventListener("beforeunload", (event) => {
      if (this.diagram.dirty) event.preventDefault();
    });
  }

  private changed(): void {
    this.refresh();
    this.toolbar.announce(this.say(this.diagram.dirty ? "unsaved" : "unchanged"));
    window.clearTimeout(this.lintTimer);
    this.lintTimer = window.setTimeout(() => void this.lint(), LINT_PAUSE_MS);
  }

  private refresh(): void {
    for (const word of WRITING) this.toolbar.enable(word, !this.busy && !this.lossy);
    this.toolbar.enable("undo", this.diagram.canUndo());
    this.toolbar.enable("redo", this.diagram.canRedo());
  }

  private showFindings(findings: Finding[]): void {
    this.panel.render(findings);
    this.diagram.mark(findings);
  }

  /** Two saves at once would fight over the revision. */
  private async alone(work: () => Promise<unknown>): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.refresh();
    try {
      await work();
    } finally {
      this.busy = false;
      this.refresh();
    }
  }

  private reason(error: unknown): string {
    if (error instanceof Refusal) return error.status === 0 ? this.say("noAnswer") : error.message;
    return error instanceof Error ? error.message : String(error);
  }
}

function layOut(root: HTMLElement, say: Say, readOnly: boolean) {
  const part = (tag: string, name: string, label?: Word): HTMLElement => {
    const element = document.createElement(tag);
    element.className = name;
    if (label) element.setAttribute("aria-label", say(label));
    return element;
  };
  const toolbar = part("div", "lm-toolbar");
  const canvas = part("div", "lm-canvas", "canvas");
  const properties = part("aside", "lm-properties", "properties");
  const findings = part("section", "lm-findings", "findings");
  const main = part("div", "lm-main");
  main.append(canvas, findings);
  const body = part("div", "lm-body");
  body.append(main, ...(readOnly ? [] : [properties]));
  root.replaceChildren(toolbar, body);
  return { toolbar, canvas, properties, findings };
}

function timeOfDay(): string {
  const now = new Date();
  return `${String(now.getHours()).padStart(2, "0")}:${String(now.getMinutes()).padStart(2, "0")}`;
}
