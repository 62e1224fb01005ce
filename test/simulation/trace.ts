// Everything that happens in a play, in order, as one hash: two plays of one seed must give the same. And, when asked
// for, as lines to read.
import { createHash } from "node:crypto";

const START_AT = Date.UTC(2026, 0, 1);
/** Longer values are told apart by the hash of their lines' beginnings and by what follows from them. */
const MAX_VALUE_CHARS = 2_000;

export class Trace {
  readonly lines: string[] = [];
  readonly #hash = createHash("sha256");
  readonly #doesKeep: boolean;

  constructor(doesKeep: boolean) {
    this.#doesKeep = doesKeep;
  }

  add(now: number, line: string): void {
    const text = `${((now - START_AT) / 1_000).toFixed(3)} ${line}`;
    this.#hash.update(text).update("\n");
    if (this.#doesKeep) this.lines.push(text);
  }

  digest(): string {
    return this.#hash.copy().digest("hex");
  }
}

/** One line for any value that crosses a port. */
export function brief(value: unknown): string {
  const text = JSON.stringify(value, (_key, part: unknown) =>
    part instanceof Uint8Array ? `${part.byteLength} bytes` : part,
  );
  return (text ?? "nothing").slice(0, MAX_VALUE_CHARS);
}
