/** A wide diagram opens where the matter stands: its container is scrolled, the page is not. */
export function centreDiagrams(): void {
  document.querySelectorAll<HTMLElement>("[data-centre]").forEach((box) => {
    const now = box.querySelector(box.dataset["centre"] ?? "");
    if (!now || box.scrollWidth <= box.clientWidth) return;
    const [inner, outer] = [now.getBoundingClientRect(), box.getBoundingClientRect()];
    box.scrollLeft += inner.left + inner.width / 2 - (outer.left + outer.width / 2);
  });
}
