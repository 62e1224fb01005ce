// Everything that happens in a play, in order, as one hash: two plays of one seed must give the same. And, when asked
// for, as lines to read.
import { createHash } from "node:crypto";

const START_AT = Date.UTC(2026, 0, 1);
/** Longer values are told apart by their beginnings and by what follows from them. */
const MAX_VALUE_CHARS = 1_000;
const MAX_TEXT_CHARS = 120;
/** One hashing of many lines is quicker than many of one. */
const CHARS_AT_ONCE = 50_000;

export class Trace {
  readonly lines: string[] = [];
  readonly #hash = createHash("sha256");
  readonly #doesKeep: boolean;
  #waiting = "";

  constructor(doesKeep: boolean) {
    this.#doesKeep = doesKeep;
  }

  add(now: number, line: string): void {
    const text = `${(now - START_AT) / 1_000} ${line}`;
    this.#waiting += text;
    this.#waiting += "\n";
    if (this.#waiting.length > CHARS_AT_ONCE) this.#flush();
    if (this.#doesKeep) this.lines.push(text);
  }

  digest(): string {
    this.#flush();
    return this.#hash.copy().digest("hex");
  }

  #flush(): void {
    this.#hash.update(this.#waiting);
    this.#waiting = "";
  }
}

/** One line for any value that crosses a port, cut off when it gets long. */
export function brief(value: unknown): string {
  return brieflyAfter("", value);
}

function brieflyAfter(text: string, value: unknown): string {
  if (text.length > MAX_VALUE_CHARS) return text;
  if (typeof value === "string")
    return `${text}"${value.length > MAX_TEXT_CHARS ? `${value.slice(0, MAX_TEXT_CHARS)}… of ${value.length}` : value}"`;
  if (typeof value !== "object" || value === null) return text + String(value);
  if (value instanceof Uint8Array) return `${text}${value.byteLength} bytes`;
  if (Array.isArray(value)) {
    let all = `${text}[`;
    for (const part of value) {
      all = `${brieflyAfter(all, part)},`;
      if (all.length > MAX_VALUE_CHARS) break;
    }
    return `${all}]`;
  }
  let all = `${text}{`;
  for (const [key, part] of Object.entries(value)) {
    all = `${brieflyAfter(`${all}${key}:`, part)},`;
    if (all.length > MAX_VALUE_CHARS) break;
  }
  return `${all}}`;
}
