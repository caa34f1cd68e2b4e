/**
 * The focus never falls back to the top of the page: after a refusal it stands on the error summary, after a swap
 * on what the server marked with data-focus, else on the row after the one that was changed.
 */
export function keepFocus(): void {
  focusOn(document.querySelector("[data-error-summary]") ?? document.querySelector("[data-focus]"));

  let leftRow = -1;
  document.addEventListener("htmx:before:swap", () => {
    const row = document.activeElement?.closest("[data-row]");
    leftRow = row ? rows().indexOf(row as HTMLElement) : -1;
  });
  document.addEventListener("htmx:after:swap", () => {
    const marked = document.querySelector("[data-error-summary], [data-focus]");
    if (marked) {
      focusOn(marked);
      return;
    }
    if (document.activeElement && document.activeElement !== document.body) return;
    const left = rows();
    if (leftRow >= 0 && left.length > 0) focusOn(openerOf(left[Math.min(leftRow + 1, left.length - 1)]));
  });
}

export function rows(): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>("[data-row]")];
}

/** The link that opens a row: marked with data-open, else its first link. */
export function openerOf(row: HTMLElement | undefined): HTMLElement | null {
  return row?.querySelector<HTMLElement>("[data-open], a[href]") ?? null;
}

function focusOn(element: Element | null): void {
  if (!(element instanceof HTMLElement)) return;
  if (!element.matches("a, button, input, select, textarea, [tabindex]")) element.tabIndex = -1;
  element.focus();
}
