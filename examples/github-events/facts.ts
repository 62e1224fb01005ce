// What a digest says about a webhook payload. Payloads differ by event; nothing but their being JSON is taken for granted.
import { TerminalError } from "perdure";

type Json = Readonly<Record<string, unknown>>;

/** Things a payload may be about, the most telling first. */
const SUBJECTS = [
  "pull_request",
  "issue",
  "release",
  "discussion",
  "check_run",
  "workflow_run",
  "deployment",
  "commit",
  "package",
];

/** @throws TerminalError for an event that is not one */
export function headlineOf(event: string, payload: Json): string {
  if (!/^[a-z0-9_]+$/.test(event)) throw new TerminalError(`"${event}" is not the name of a GitHub event`);
  const action = typeof payload.action === "string" ? `.${payload.action}` : "";
  return `${event}${action}`;
}

export function titleOf(payload: Json): string {
  for (const subject of SUBJECTS) {
    const found = payload[subject];
    if (!isObject(found)) continue;
    const title = found.title ?? found.name ?? found.tag_name ?? found.id;
    if (typeof title === "string" || typeof title === "number") return `${subject}: ${title}`;
  }
  return "untitled";
}

/** The repository, organization and sender, as far as named. */
export function affectedOf(payload: Json): readonly string[] {
  const names: string[] = [];
  for (const [field, key] of [
    ["repository", "full_name"],
    ["organization", "login"],
    ["sender", "login"],
  ] as const) {
    const part = payload[field];
    if (isObject(part) && typeof part[key] === "string") names.push(part[key]);
  }
  return names;
}

export function sizeOf(value: unknown): { readonly fields: number; readonly depth: number } {
  if (typeof value !== "object" || value === null) return { fields: 0, depth: 0 };
  const parts = Object.values(value).map(sizeOf);
  return {
    fields: parts.reduce((sum, part) => sum + part.fields, parts.length),
    depth: 1 + Math.max(0, ...parts.map((part) => part.depth)),
  };
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
