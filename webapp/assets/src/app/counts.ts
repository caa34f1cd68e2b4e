/** After a claim in place the tabs [data-counts] say the new numbers; the list under them does not move. */
export function refreshCounts(): void {
  document.addEventListener("htmx:after:swap", () => {
    const tabs = document.querySelector("[data-counts]");
    if (tabs) void refresh(tabs);
  });
}

async function refresh(tabs: Element): Promise<void> {
  try {
    const answer = await fetch(location.href, { credentials: "same-origin", redirect: "error" });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("[data-counts]");
    if (fresh) tabs.replaceChildren(...fresh.childNodes);
  } catch {
    // The numbers are a minute old then, as they are on any open page.
  }
}
