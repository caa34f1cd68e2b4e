import { openerOf, rows } from "./focus";

/** The second key of a sequence such as "g i" must come within this time. */
const SEQUENCE_MS = 1200;

/**
 * Keys on a list of tasks: j and k move, o or Enter opens, c claims, t claims and opens, x selects, / searches, g i goes to the inbox,
 * ? explains. Off inside fields, with a modifier held, and on pages whose body says data-keys="off".
 */
export function listenForKeys(): void {
  let waitingSince = 0;
  document.addEventListener("keydown", (event) => {
    if (document.body.dataset["keys"] === "off" || event.defaultPrevented) return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (isTyping(event.target) || document.querySelector("dialog[open]")) return;

    const second = performance.now() - waitingSince < SEQUENCE_MS;
    waitingSince = 0;
    if (second && event.key === "i") {
      location.assign(document.body.dataset["inboxUrl"] ?? "/");
    } else if (event.key === "g") {
      waitingSince = performance.now();
    } else if (!act(event.key)) {
      return;
    }
    event.preventDefault();
  });
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || target.matches("input:not([type=checkbox]):not([type=radio]), select, textarea"))
  );
}

/** True when the key meant something here. */
function act(key: string): boolean {
  switch (key) {
    case "j":
      return move(1);
    case "k":
      return move(-1);
    case "o":
      return press(openerOf(current()));
    case "c":
      return press(current()?.querySelector<HTMLElement>("[data-claim]") ?? document.querySelector("main [data-claim]"));
    case "t":
      return take(current()?.querySelector<HTMLElement>("[data-claim]") ?? null);
    case "x":
      return press(current()?.querySelector<HTMLElement>("[data-select]"));
    case "/":
      return toSearch();
    case "?":
      return explain();
    default:
      return false;
  }
}

function current(): HTMLElement | undefined {
  return document.activeElement?.closest<HTMLElement>("[data-row]") ?? undefined;
}

function move(step: 1 | -1): boolean {
  const all = rows();
  const here = current();
  const at = here ? all.indexOf(here) + step : step > 0 ? 0 : all.length - 1;
  const next = all[Math.max(0, Math.min(at, all.length - 1))];
  openerOf(next)?.focus();
  next?.scrollIntoView({ block: "nearest" });
  return next !== undefined;
}

function press(element: HTMLElement | null | undefined): boolean {
  element?.click();
  return Boolean(element);
}

/** Sent past htmx, so that the server answers with the task's page. */
function take(claim: HTMLElement | null): boolean {
  const form = claim?.closest("form");
  form?.submit();
  return Boolean(form);
}

function toSearch(): boolean {
  const field = document.querySelector<HTMLInputElement>("[data-search], input[type=search]");
  field?.focus();
  field?.select();
  return Boolean(field);
}

function explain(): boolean {
  const help = document.querySelector<HTMLDialogElement>("dialog[data-keys-help]");
  help?.showModal();
  return Boolean(help);
}
