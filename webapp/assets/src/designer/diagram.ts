import NavigatedViewer from "bpmn-js/lib/NavigatedViewer";
import Modeler from "bpmn-js/lib/Modeler";
import ColorPicker from "bpmn-js-color-picker";
import { BpmnPropertiesPanelModule, BpmnPropertiesProviderModule } from "bpmn-js-properties-panel";
import camunda from "camunda-bpmn-moddle/resources/camunda.json";
import minimap from "diagram-js-minimap";
import lm from "./lm.json";
import { propertiesModule } from "./properties";
import type { Finding } from "./server";
import type { Settings } from "./settings";
import { translation } from "./translate";
import type { Language, Say } from "./words";

/** Text smaller than this cannot be read; a wide diagram is scrolled instead. */
const SMALLEST_READABLE = 0.6;
const MARGIN = 16;
const PALETTE_WIDTH = 130;
const TICK_MS = 60;
const MARKERS = { error: "lm-has-error", warning: "lm-has-warning", note: "lm-has-warning" } as const;

interface Shape {
  id: string;
  x?: number;
  y?: number;
  width?: number;
  waypoints?: { x: number; y: number }[];
  businessObject?: { name?: string; get(name: string): unknown };
}

interface Canvas {
  zoom(level: number | "fit-viewport", centre?: "auto" | { x: number; y: number }): number;
  viewbox(box?: { x: number; y: number; width: number; height: number }): {
    inner: { x: number; y: number; width: number; height: number };
    outer: { width: number; height: number };
  };
  resized(): void;
  addMarker(element: string, marker: string): void;
  removeMarker(element: string, marker: string): void;
  scrollToElement(element: Shape, padding?: number): void;
}

interface Registry {
  get(id: string): Shape | undefined;
}

interface CommandStack {
  undo(): void;
  redo(): void;
  canUndo(): boolean;
  canRedo(): boolean;
  _stackIdx: number;
}

/** bpmn-js, set up for Lastmeter: an editor with its properties panel, or a viewer. */
export class Diagram {
  private readonly bpmn: Modeler | NavigatedViewer;
  private readonly marked = new Map<string, string>();
  private readonly language: Language;
  private savedAt = -1;

  constructor(
    canvas: HTMLElement,
    properties: HTMLElement | null,
    settings: Settings,
    say: Say,
  ) {
    this.language = settings.language;
    const common = { container: canvas, moddleExtensions: { lm, camunda } };
    const modules = [translation(settings.language), minimap];
    if (settings.readOnly || properties === null) {
      this.bpmn = new NavigatedViewer({ ...common, additionalModules: modules });
      return;
    }
    this.bpmn = new Modeler({
      ...common,
      propertiesPanel: { parent: properties },
      additionalModules: [
        ...modules,
        BpmnPropertiesPanelModule,
        BpmnPropertiesProviderModule,
        ColorPicker,
        propertiesModule(settings, say),
      ],
    });
  }

  /**
   * The diagram shows `xml` and counts as saved. What could not be read comes back, one sentence each.
   *
   * An attribute that nobody knows is no such case: it is kept and written back as it was.
   */
  async open(xml: string): Promise<string[]> {
    this.marked.clear();
    const { warnings } = await this.bpmn.importXML(xml);
    this.fitReadably();
    this.markSaved();
    return warnings
      .map((warning: unknown) => String((warning as { message?: string }).message ?? warning))
      .filter((message) => !message.startsWith("unknown attribute"));
  }

  /**
   * The XML as it stands, with what is being typed this moment.
   *
   * Fields and labels take over their text when they lose the focus, and the panel a tick later: saving right after
   * typing would lose the last edit.
   */
  async xml(): Promise<string> {
    const active = document.activeElement;
    if (active instanceof HTMLElement && active !== document.body) active.blur();
    if (!(this.bpmn instanceof NavigatedViewer)) {
      const labels = this.bpmn.get<{ isActive(): boolean; complete(): void }>("directEditing");
      if (labels.isActive()) labels.complete();
    }
    await new Promise((resolve) => window.setTimeout(resolve, TICK_MS));
    const xml = await this.xmlWithoutBlur();
    if (active instanceof HTMLElement && active.isConnected) active.focus();
    return xml;
  }

  /** The XML as it stands, leaving whoever is typing alone; what is being typed may be missing. */
  async xmlWithoutBlur(): Promise<string> {
    const { xml } = await this.bpmn.saveXML({ format: true });
    return xml ?? "";
  }

  onChange(changed: () => void): void {
    this.bpmn.on("commandStack.changed", changed);
  }

  get dirty(): boolean {
    return this.position() !== this.savedAt;
  }

  markSaved(): void {
    this.savedAt = this.position();
  }

  /** What was opened anew (a tidied layout) is not what the server holds. */
  markUnsaved(): void {
    this.savedAt = -2;
  }

  undo(): void {
    this.commands()?.undo();
  }

  redo(): void {
    this.commands()?.redo();
  }

  canUndo(): boolean {
    return this.commands()?.canUndo() ?? false;
  }

  canRedo(): boolean {
    return this.commands()?.canRedo() ?? false;
  }

  /** The whole diagram is in sight, however small. */
  fit(): void {
    this.canvas().zoom("fit-viewport", "auto");
  }

  /** The whole diagram, unless its text would be too small to read: then its beginning, clear of the palette. */
  private fitReadably(): void {
    const canvas = this.canvas();
    if (canvas.zoom("fit-viewport", "auto") >= SMALLEST_READABLE) return;
    const { inner, outer } = canvas.viewbox();
    const [width, height] = [outer.width / SMALLEST_READABLE, outer.height / SMALLEST_READABLE];
    const left = (this.bpmn instanceof NavigatedViewer ? MARGIN : PALETTE_WIDTH) / SMALLEST_READABLE;
    const x = width > inner.width + left ? inner.x - (width - inner.width) / 2 : inner.x - left;
    const y = height > inner.height ? inner.y - (height - inner.height) / 2 : inner.y - MARGIN / SMALLEST_READABLE;
    canvas.viewbox({ x, y, width, height });
  }

  actualSize(): void {
    this.canvas().zoom(1);
  }

  /** The element's name in the page's language; its id only where it has none. */
  nameOf(elementId: string): string {
    const semantic = this.registry().get(elementId)?.businessObject;
    const english = this.language === "en" ? semantic?.get("lm:nameEn") : "";
    return String(english || semantic?.name || elementId);
  }

  /** The canvas has another size: the palette may need its second column. */
  resized(): void {
    this.canvas().resized();
  }

  /** The element is selected and in sight. */
  show(elementId: string): void {
    const element = this.registry().get(elementId);
    if (!element) return;
    this.canvas().scrollToElement(element, 120);
    this.bpmn.get<{ select(element: Shape): void }>("selection").select(element);
  }

  /** Elements with findings are outlined, and carry their number. */
  mark(findings: Finding[]): void {
    const canvas = this.canvas();
    const overlays = this.bpmn.get<{
      add(element: string, type: string, overlay: object): void;
      remove(filter: { type: string }): void;
    }>("overlays");
    overlays.remove({ type: "lm-finding" });
    for (const [id, marker] of this.marked) {
      if (this.registry().get(id)) canvas.removeMarker(id, marker);
    }
    this.marked.clear();
    const byElement = new Map<string, Finding[]>();
    for (const finding of findings) {
      if (!finding.elementId || !this.registry().get(finding.elementId)) continue;
      byElement.set(finding.elementId, [...(byElement.get(finding.elementId) ?? []), finding]);
    }
    for (const [id, here] of byElement) {
      const worst = here.some(({ severity }) => severity === "error") ? "error" : "warning";
      canvas.addMarker(id, MARKERS[worst]);
      this.marked.set(id, MARKERS[worst]);
      const badge = document.createElement("div");
      badge.className = `lm-badge lm-badge-${worst}`;
      badge.textContent = String(here.length);
      badge.title = here.map(({ message }) => message).join("\n");
      overlays.add(id, "lm-finding", { position: { top: -10, right: 10 }, html: badge });
    }
  }

  private canvas(): Canvas {
    return this.bpmn.get<Canvas>("canvas");
  }

  private registry(): Registry {
    return this.bpmn.get<Registry>("elementRegistry");
  }

  private commands(): CommandStack | null {
    return this.bpmn.get<CommandStack | null>("commandStack", false);
  }

  private position(): number {
    return this.commands()?._stackIdx ?? -1;
  }
}
