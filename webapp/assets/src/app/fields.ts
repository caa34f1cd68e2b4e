import { CSRF_HEADER, csrfToken } from "./csrf";

/** Long enough that a word is one question, short enough that the field is there before the eye looks for it. */
const PAUSE_MS = 250;
const TYPED = "input:not([readonly], [disabled]), select:not([disabled]), textarea:not([readonly])";

/**
 * Forms with data-fields-url ask the server, while one types, which fields they have now: conditions are FEEL, and only
 * the server evaluates them. Fields come and go, what is reckoned is written anew, what somebody types is left alone.
 */
export function followConditions(): void {
  const follow = (): void => document.querySelectorAll<HTMLFormElement>("form[data-fields-url]").forEach(watch);
  follow();
  document.addEventListener("htmx:after:swap", follow);
}

function watch(form: HTMLFormElement): void {
  if (form.dataset["fieldsWatched"]) return;
  form.dataset["fieldsWatched"] = "yes";
  // What went is kept with what was typed in it, in case it comes back.
  const gone = new Map<string, Element>();
  let timer = 0;
  let turn = 0;

  const ask = async (): Promise<void> => {
    const mine = (turn += 1);
    const wanted = await fieldsFor(form);
    const box = form.querySelector("[data-fields]");
    // Somebody typed on meanwhile: the answer to that is on its way.
    if (wanted && box && mine === turn) match(box, wanted, gone);
  };
  const changed = (): void => {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => void ask(), PAUSE_MS);
  };
  form.addEventListener("input", changed);
  form.addEventListener("change", changed);
}

/** The fields as the server would draw them now; null where it does not say, and the form stays as it is. */
async function fieldsFor(form: HTMLFormElement): Promise<Element | null> {
  const body = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    if (typeof value === "string") body.append(name, value);
  }
  try {
    const answer = await fetch(form.dataset["fieldsUrl"] ?? "", {
      method: "POST",
      body,
      headers: { [CSRF_HEADER]: csrfToken(), Accept: "text/html" },
      credentials: "same-origin",
    });
    if (!answer.ok) return null;
    return new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-fields]");
  } catch {
    return null;
  }
}

/** The parts of `now` become those of `wanted`, in its order; a part that stays is the same element as before. */
function match(now: Element, wanted: Element, gone: Map<string, Element>): void {
  const here = new Map(partsOf(now).map((part) => [nameOf(part), part]));
  const first = here.values().next().value ?? null;
  let last: Element | null = null;
  for (const fresh of partsOf(wanted)) {
    const name = nameOf(fresh);
    const stays = here.get(name);
    const mine: Element = stays ? renew(stays, fresh, gone) : (gone.get(name) ?? fresh);
    if (!stays) {
      if (last) last.after(mine);
      else now.insertBefore(mine, first);
    }
    here.delete(name);
    gone.delete(name);
    last = mine;
  }
  for (const [name, part] of here) {
    gone.set(name, part);
    part.remove();
  }
}

/** The part as it stands afterwards: groups and rows are gone through, what nobody types is replaced. */
function renew(mine: Element, fresh: Element, gone: Map<string, Element>): Element {
  if (mine.matches(".list")) {
    const rows = fresh.querySelectorAll(":scope > .row > .row-fields");
    mine.querySelectorAll(":scope > .row > .row-fields").forEach((row, number) => {
      const other = rows[number];
      if (other) match(row, other, gone);
    });
  } else if (mine.matches(".group")) {
    match(mine, fresh, gone);
  } else if (!mine.querySelector(TYPED) && mine.outerHTML !== fresh.outerHTML) {
    mine.replaceWith(fresh);
    return fresh;
  }
  return mine;
}

function partsOf(box: Element): Element[] {
  return [...box.querySelectorAll(":scope > [data-part]")];
}

function nameOf(part: Element): string {
  return part.getAttribute("data-part") ?? "";
}
