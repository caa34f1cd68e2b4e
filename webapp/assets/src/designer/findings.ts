import type { Finding } from "./server";
import type { Say } from "./words";

/** The list of what the engine finds; a click leads to the element. */
export class FindingsPanel {
  private readonly list = document.createElement("ol");
  private readonly summary = document.createElement("p");

  constructor(
    root: HTMLElement,
    private readonly say: Say,
    private readonly nameOf: (elementId: string) => string,
    private readonly show: (elementId: string) => void,
  ) {
    const heading = document.createElement("h2");
    heading.textContent = say("findings");
    this.summary.setAttribute("role", "status");
    const head = document.createElement("header");
    head.append(heading, this.summary);
    root.append(head, this.list);
  }

  announce(text: string): void {
    this.summary.textContent = text;
  }

  render(findings: Finding[]): void {
    const rank = { error: 0, warning: 1, note: 2 };
    const sorted = [...findings].sort((a, b) => rank[a.severity] - rank[b.severity]);
    this.summary.textContent = this.count(findings);
    this.summary.dataset["worst"] = sorted[0]?.severity ?? "none";
    this.list.replaceChildren(...sorted.map((finding) => this.item(finding)));
  }

  private count(findings: Finding[]): string {
    const errors = findings.filter(({ severity }) => severity === "error").length;
    const others = findings.length - errors;
    const parts = [
      ...(errors ? [this.say("errors", { count: errors })] : []),
      ...(others ? [this.say("warnings", { count: others })] : []),
    ];
    return parts.join(" · ") || this.say("noFindings");
  }

  private item(finding: Finding): HTMLLIElement {
    const item = document.createElement("li");
    item.dataset["severity"] = finding.severity;
    if (finding.elementId) item.dataset["element"] = finding.elementId;
    const button = document.createElement("button");
    button.type = "button";
    const where = finding.elementId ? this.nameOf(finding.elementId) : this.say("wholeDiagram");
    const place = finding.line ? `${where} · ${this.say("line", { line: finding.line })}` : where;
    button.append(
      span("lm-finding-severity", this.say(finding.severity)),
      span("lm-finding-place", place),
      span("lm-finding-message", finding.message),
    );
    if (finding.fix) button.append(span("lm-finding-fix", this.say("fix") + finding.fix));
    button.title = finding.rule;
    button.addEventListener("click", () => {
      if (finding.elementId) this.show(finding.elementId);
    });
    item.append(button);
    return item;
  }
}

function span(name: string, text: string): HTMLSpanElement {
  const element = document.createElement("span");
  element.className = name;
  element.textContent = text;
  return element;
}
