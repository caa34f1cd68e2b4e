import { CSRF_HEADER, csrfToken } from "./csrf";

/** People stop typing for about this long between two thoughts. */
const PAUSE_MS = 800;
const RETRY_MS = 5000;

/**
 * Forms with data-draft-url are saved 800 ms after the last keystroke, and at once when the page is left.
 *
 * The element [data-draft-status] says so in the page's language: its data-saving, data-saved (with {time}),
 * data-failed and data-refused hold the sentences. Files are no part of a draft.
 */
export function autosaveDrafts(): void {
  document.querySelectorAll<HTMLFormElement>("form[data-draft-url]").forEach(watch);
  document.addEventListener("htmx:after:swap", () => {
    document.querySelectorAll<HTMLFormElement>("form[data-draft-url]").forEach(watch);
  });
}

function watch(form: HTMLFormElement): void {
  if (form.dataset["draftWatched"]) return;
  form.dataset["draftWatched"] = "yes";
  let timer = 0;
  let submitting = false;
  // What the server holds: leaving a field fires "change" after its "input" was saved already. At first that is what the
  // page came with, not what stands in the fields: on a slow line people type before this script has loaded.
  const came = form.cloneNode(true) as HTMLFormElement;
  came.reset();
  let saved = fieldsOf(came).toString();

  const save = async (leaving: boolean): Promise<void> => {
    window.clearTimeout(timer);
    const fields = fieldsOf(form);
    if (submitting || fields.toString() === saved) return;
    say(form, "saving");
    const { status, detail } = await send(form, fields, leaving);
    if (status >= 200 && status < 300) {
      saved = fields.toString();
      say(form, "saved");
      return;
    }
    // A refusal (no longer mine, logged out) is no matter of trying again; a lost network or a busy server is.
    const again = status === 0 || status >= 500;
    say(form, again ? "failed" : "refused", detail);
    if (again) timer = window.setTimeout(() => void save(false), RETRY_MS);
  };

  const changed = (): void => {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => void save(false), PAUSE_MS);
  };
  form.addEventListener("input", changed);
  form.addEventListener("change", changed);
  form.addEventListener("submit", () => {
    submitting = true;
    window.clearTimeout(timer);
  });
  // After an answer 422 the same form is still here, and typing goes on.
  form.addEventListener("htmx:finally:request", () => {
    submitting = false;
  });
  window.addEventListener("pageshow", () => {
    submitting = false;
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") void save(true);
  });
  if (fieldsOf(form).toString() !== saved) changed();
}

interface Answer {
  status: number; // 0 where there was none
  detail: string; // why the server refused, in the page's language
}

async function send(form: HTMLFormElement, fields: URLSearchParams, leaving: boolean): Promise<Answer> {
  try {
    const answer = await fetch(form.dataset["draftUrl"] ?? "", {
      method: "POST",
      body: fields,
      headers: { [CSRF_HEADER]: csrfToken(), Accept: "application/json" },
      credentials: "same-origin",
      keepalive: leaving,
    });
    const said: unknown = answer.ok ? null : await answer.json().catch(() => null);
    const detail = said && typeof said === "object" && "detail" in said ? String(said.detail) : "";
    return { status: answer.status, detail };
  } catch {
    return { status: 0, detail: "" };
  }
}

function fieldsOf(form: HTMLFormElement): URLSearchParams {
  const fields = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    if (typeof value === "string") fields.append(name, value);
  }
  return fields;
}

function say(form: HTMLFormElement, what: "saving" | "saved" | "failed" | "refused", detail = ""): void {
  const status = form.querySelector<HTMLElement>("[data-draft-status]") ?? document.querySelector("[data-draft-status]");
  if (!(status instanceof HTMLElement)) return;
  const now = new Date();
  const time = `${String(now.getHours()).padStart(2, "0")}:${String(now.getMinutes()).padStart(2, "0")}`;
  status.textContent = (status.dataset[what] ?? "").replace("{time}", time) + (detail ? ` · ${detail}` : "");
  status.dataset["state"] = what;
}
