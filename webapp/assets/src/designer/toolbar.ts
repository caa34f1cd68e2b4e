import type { Say, Word } from "./words";

/** The row of buttons and the sentence beside them that says where the work stands. */
export class Toolbar {
  private readonly status = document.createElement("p");
  private readonly buttons = new Map<Word, HTMLButtonElement>();

  constructor(
    private readonly root: HTMLElement,
    private readonly say: Say,
  ) {
    root.setAttribute("role", "toolbar");
    root.setAttribute("aria-label", say("canvas"));
    this.status.className = "lm-status";
    this.status.setAttribute("role", "status");
    root.append(this.status);
  }

  add(word: Word, action: () => void, options: { primary?: boolean; keys?: string; icon?: string } = {}): void {
    const button = document.createElement("button");
    button.type = "button";
    button.className = options.primary ? "btn primary" : "btn";
    button.textContent = options.icon ?? this.say(word);
    if (options.icon) button.setAttribute("aria-label", this.say(word));
    button.dataset["action"] = word;
    button.title = options.keys ? `${this.say(word)} (${options.keys})` : this.say(word);
    button.addEventListener("click", action);
    this.buttons.set(word, button);
    this.root.insertBefore(button, this.status);
  }

  gap(): void {
    const gap = document.createElement("span");
    gap.className = "lm-gap";
    this.root.insertBefore(gap, this.status);
  }

  enable(word: Word, enabled: boolean): void {
    const button = this.buttons.get(word);
    if (button) button.disabled = !enabled;
  }

  announce(text: string, tone: "calm" | "bad" | "good" = "calm"): void {
    this.status.textContent = text;
    this.status.dataset["tone"] = tone;
  }

  /** The same, with a button after the sentence. */
  offer(text: string, label: string, action: () => void): void {
    const [before = "", after = ""] = text.split("{undo}");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "lm-link";
    button.textContent = label;
    button.addEventListener("click", action);
    this.status.replaceChildren(before, button, after);
    this.status.dataset["tone"] = "good";
  }
}
