import type { Language } from "./words";

/** One thing that may be chosen: a form, a role, a deadline rule, a connector. */
export interface Choice {
  key: string;
  label: string;
}

/** What the page says about itself in data attributes of #designer. */
export interface Settings {
  key: string;
  language: Language;
  csrf: string;
  readOnly: boolean;
  xmlUrl: string;
  lintUrl: string;
  draftUrl: string;
  publishUrl: string;
  layoutUrl: string;
  revision: string;
  forms: Choice[];
  roles: Choice[];
  rules: Choice[];
  connectors: Choice[];
  definitions: Choice[];
  decisions: Choice[];
  /** Which role works in a lane, by the lane's id, as process.toml says. */
  laneRoles: Map<string, string>;
}

export function settingsOf(root: HTMLElement): Settings {
  const data = root.dataset;
  const language: Language = (data["language"] ?? document.documentElement.lang).startsWith("en") ? "en" : "zh";
  const choices = (name: string): Choice[] => choicesFrom(data[name], language);
  return {
    key: data["key"] ?? "",
    language,
    csrf: data["csrf"] ?? "",
    readOnly: data["readonly"] !== undefined && data["readonly"] !== "false",
    xmlUrl: data["xmlUrl"] ?? "",
    lintUrl: data["lintUrl"] ?? "",
    draftUrl: data["draftUrl"] ?? "",
    publishUrl: data["publishUrl"] ?? "",
    layoutUrl: data["layoutUrl"] ?? "",
    revision: data["revision"] ?? "",
    forms: choices("forms"),
    roles: choices("roles"),
    rules: choices("rules"),
    connectors: choices("connectors"),
    definitions: choices("definitions"),
    decisions: choices("decisions"),
    laneRoles: rolesFrom(data["lanes"]),
  };
}

/**
 * The choices of a JSON attribute: a list of keys, a list of objects, or an object from key to name.
 *
 * An object names itself by `key` (or id, name, value), and for people by `zh` and `en` (or title_zh, name_zh, label, …).
 */
export function choicesFrom(text: string | undefined, language: Language): Choice[] {
  let given: unknown;
  try {
    given = JSON.parse(text || "[]");
  } catch {
    return [];
  }
  if (Array.isArray(given)) return given.flatMap((item: unknown) => choiceFrom(item, language));
  if (typeof given === "object" && given !== null) {
    return Object.entries(given).map(([key, label]) => ({ key, label: named(key, label, language) }));
  }
  return [];
}

/** Role by lane id, from `{"lane_x": "role"}` or `{"lane_x": {"role": "role"}}`. */
function rolesFrom(text: string | undefined): Map<string, string> {
  let given: unknown;
  try {
    given = JSON.parse(text || "{}");
  } catch {
    given = {};
  }
  const roles = new Map<string, string>();
  for (const [lane, value] of Object.entries(given as Record<string, unknown>)) {
    const role = typeof value === "object" && value !== null ? (value as { role?: unknown }).role : value;
    if (typeof role === "string") roles.set(lane, role);
  }
  return roles;
}

function choiceFrom(item: unknown, language: Language): Choice[] {
  if (typeof item === "string") return [{ key: item, label: item }];
  if (Array.isArray(item)) return [{ key: String(item[0]), label: named(String(item[0]), item[1], language) }];
  if (typeof item !== "object" || item === null) return [];
  const fields = item as Record<string, unknown>;
  const key = [fields["key"], fields["id"], fields["value"], fields["name"]].find((value) => typeof value === "string");
  return typeof key === "string" ? [{ key, label: named(key, item, language) }] : [];
}

function named(key: string, label: unknown, language: Language): string {
  if (typeof label === "string") return label || key;
  if (typeof label !== "object" || label === null) return key;
  const fields = label as Record<string, unknown>;
  const names = [language, `title_${language}`, `name_${language}`, `label_${language}`, "label", "title", "name"];
  const found = names.map((name) => fields[name]).find((value) => typeof value === "string" && value !== "");
  return typeof found === "string" ? found : key;
}
