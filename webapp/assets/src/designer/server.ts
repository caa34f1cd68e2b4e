import { CSRF_HEADER } from "../app/csrf";
import type { Language } from "./words";

export interface Finding {
  severity: "error" | "warning" | "note";
  rule: string;
  elementId: string | null;
  line: number | null;
  message: string;
  fix: string;
}

/** The server said no; `status` is 0 where it did not answer at all. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly findings: Finding[] = [],
  ) {
    super(message);
  }
}

/** The designer's five calls. Bodies are BPMN XML, answers JSON or XML, refusals problem+json. */
export class Server {
  /** Names the draft that our next save replaces, so that nobody's newer one is lost. */
  revision = "";

  constructor(
    private readonly csrf: string,
    private readonly language: Language,
  ) {}

  async open(url: string): Promise<string> {
    const answer = await this.send(url, "GET");
    this.revision = answer.headers.get("ETag") ?? this.revision;
    return answer.text();
  }

  async lint(url: string, xml: string): Promise<Finding[]> {
    try {
      return findingsFrom(await (await this.send(url, "POST", xml)).json(), this.language);
    } catch (error) {
      // A file that does not even parse is refused with findings: those are what was asked for.
      if (error instanceof Refusal && error.findings.length > 0) return error.findings;
      throw error;
    }
  }

  async layout(url: string, xml: string): Promise<string> {
    const answer = await this.send(url, "POST", xml);
    if (!answer.headers.get("Content-Type")?.includes("json")) return answer.text();
    return String(((await answer.json()) as { xml: string }).xml);
  }

  async saveDraft(url: string, xml: string): Promise<void> {
    const answer = await this.send(url, "POST", xml, this.revision);
    const said = await jsonOf(answer);
    this.revision = answer.headers.get("ETag") ?? (said["revision"] === undefined ? "" : String(said["revision"]));
  }

  /** Where to go afterwards and which version it became, as far as the server says. */
  async publish(url: string, xml: string): Promise<{ version: string; location: string }> {
    const answer = await this.send(url, "POST", xml, this.revision);
    const said = await jsonOf(answer);
    const location = answer.redirected ? answer.url : String(said["location"] ?? "");
    return { version: String(said["version"] ?? ""), location };
  }

  private async send(url: string, method: string, xml?: string, revision = ""): Promise<Response> {
    const headers: Record<string, string> = {
      Accept: "application/json, application/problem+json, application/xml",
      "Accept-Language": this.language,
      [CSRF_HEADER]: this.csrf,
    };
    if (xml !== undefined) headers["Content-Type"] = "application/xml; charset=utf-8";
    if (revision) headers["If-Match"] = revision;
    let answer: Response;
    try {
      answer = await fetch(url, { method, headers, credentials: "same-origin", ...(xml === undefined ? {} : { body: xml }) });
    } catch {
      throw new Refusal(0, "");
    }
    if (answer.ok) return answer;
    const problem = await jsonOf(answer);
    const words = problem["detail"] ?? problem["title"] ?? problem["message"] ?? `${answer.status} ${answer.statusText}`;
    throw new Refusal(answer.status, String(words), findingsFrom(problem, this.language));
  }
}

async function jsonOf(answer: Response): Promise<Record<string, unknown>> {
  try {
    const value: unknown = await answer.json();
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** The findings of an answer or a problem, with each sentence in the reader's language. */
export function findingsFrom(answer: unknown, language: Language): Finding[] {
  const given: unknown = Array.isArray(answer) ? answer : (answer as { findings?: unknown }).findings;
  if (!Array.isArray(given)) return [];
  return given.map((item: Record<string, unknown>) => ({
    severity: item["severity"] === "error" || item["severity"] === "warning" ? item["severity"] : "note",
    rule: String(item["rule"] ?? ""),
    elementId: typeof item["element_id"] === "string" && item["element_id"] ? item["element_id"] : null,
    line: typeof item["line"] === "number" ? item["line"] : null,
    message: String(item[`message_${language}`] ?? item["message"] ?? ""),
    fix: String(item[`fix_${language}`] ?? item["fix"] ?? ""),
  }));
}
