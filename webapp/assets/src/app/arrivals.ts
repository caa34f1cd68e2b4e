/** How often the list asks whether something new has come. */
const EVERY_MS = 30_000;
/** Nobody is at the desk after this long without a key or a pointer: asking on would keep the login alive for ever. */
const AWAY_MS = 10 * 60_000;

/** The element [data-arrivals] says “3 new — show” when there is something; the list itself never moves. */
export function announceArrivals(): void {
  const place = document.querySelector<HTMLElement>("[data-arrivals]");
  if (!place) return;
  let touched = performance.now();
  for (const kind of ["keydown", "pointerdown", "pointermove", "scroll"]) {
    document.addEventListener(kind, () => (touched = performance.now()), { passive: true });
  }
  window.setInterval(() => {
    const away = performance.now() - touched > AWAY_MS;
    if (!away && document.visibilityState === "visible") void ask(place);
  }, EVERY_MS);
}

async function ask(place: HTMLElement): Promise<void> {
  try {
    const answer = await fetch(place.dataset["arrivals"] ?? "", { credentials: "same-origin", redirect: "error" });
    const text = answer.ok ? (await answer.text()).trim() : "";
    if (text !== place.innerHTML.trim()) place.innerHTML = text;
  } catch {
    // No network, or logged out: the next question will tell.
  }
}
