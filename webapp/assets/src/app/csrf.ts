/** The token of this page's session, as the server wrote it into <meta name="csrf-token">. */
export function csrfToken(): string {
  return document.querySelector<HTMLMetaElement>('meta[name="csrf-token"]')?.content ?? "";
}

export const CSRF_HEADER = "X-CSRF-Token";

interface HtmxRequest {
  ctx: { request: { headers: Record<string, string> } };
}

/** Every htmx request carries the token, without an attribute on each element. htmx itself refuses other origins. */
export function sendCsrfToken(): void {
  document.addEventListener("htmx:config:request", (event) => {
    const { request } = (event as CustomEvent<HtmxRequest>).detail.ctx;
    request.headers[CSRF_HEADER] = csrfToken();
  });
}
