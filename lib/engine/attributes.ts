// A run's attributes: what may be one, and what META shows of them. The journal says which the code has set, META which
// came with the start; META is brought up to date whenever the run is left.
import { MAX_ATTRIBUTE_NAME_CHARS, MAX_ATTRIBUTES_BYTES } from "../limits.ts";
import type { Entry } from "../ports/journal.ts";
import type { AttributeChange, Attributes, Run } from "../ports/run.ts";
import { PerdureError } from "../sdk/errors.ts";

/** Not `__proto__`; nothing that would have to be escaped in an address. */
const NAME = /^[A-Za-z][\w.-]*$/;

/** Below it DynamoDB knows only 0. */
const LEAST_NUMBER = 1e-130;

/** The attributes that a run has, as its journal is read. */
export class AttributeTally {
  readonly #attributes: Map<string, Attributes[string]>;
  /** What lies before the end of a fold is not all there to be read; META has had it since the fold was made. */
  readonly #after: number;
  #isChanged = false;

  /** Reading again what META shows already changes nothing: the last entry of a name decides. */
  constructor({ attributes = {}, folds = [] }: Pick<Run, "attributes" | "folds">) {
    this.#attributes = new Map(Object.entries(attributes));
    this.#after = folds.at(-1)?.to ?? 0;
  }

  note(seq: number, entry: Entry): void {
    if (entry.type !== "attributes.set" || seq <= this.#after) return;
    this.#isChanged = true;
    for (const [name, value] of Object.entries(entry.attributes)) {
      if (value === null) this.#attributes.delete(name);
      else this.#attributes.set(name, value);
    }
  }

  /** For META; nothing when no entry has changed any. */
  get changed(): Attributes | undefined {
    return this.#isChanged ? this.all : undefined;
  }

  get all(): Attributes {
    return Object.fromEntries(this.#attributes);
  }
}

/**
 * Attributes of a run that begins with `kept`, a part of the entries of another. What that one was started with is known as
 * far as its code never set it.
 */
export function attributesAfter(
  { attributes = {} }: Run,
  entries: readonly Entry[],
  kept: readonly Entry[],
): Attributes {
  const namesSet = new Set(
    entries.flatMap((entry) => (entry.type === "attributes.set" ? Object.keys(entry.attributes) : [])),
  );
  const atStart = Object.entries(attributes).filter(([name]) => !namesSet.has(name));
  const tally = new AttributeTally({ attributes: Object.fromEntries(atStart) });
  for (const [i, entry] of kept.entries()) tally.note(i + 1, entry);
  return tally.all;
}

export function withChange(attributes: Attributes, change: AttributeChange): Attributes {
  const merged: [string, AttributeChange[string]][] = Object.entries({ ...attributes, ...change });
  return Object.fromEntries(merged.filter((pair): pair is [string, Attributes[string]] => pair[1] !== null));
}

/** @throws E_BAD_OPTION that names the attribute and what is allowed */
export function checkAttributes(what: string, change: unknown, mayRemove: boolean): void {
  if (typeof change !== "object" || change === null || Array.isArray(change)) {
    throw bad(`${what} must be an object of names and values, not ${shown(change)}.`);
  }
  for (const [name, value] of Object.entries(change)) {
    if (!NAME.test(name) || name.length > MAX_ATTRIBUTE_NAME_CHARS) {
      const rule = `a letter, then letters, digits, '_', '.' or '-', at most ${MAX_ATTRIBUTE_NAME_CHARS} in all`;
      throw bad(`${what}: ${JSON.stringify(name.slice(0, 80))} cannot be a name; it must be ${rule}.`);
    }
    if (isValue(value) || (mayRemove && value === null)) continue;
    const number = `a number from ${LEAST_NUMBER} to ${Number.MAX_SAFE_INTEGER} or 0, of either sign`;
    const allowed = `well-formed text, ${number}, true or false${mayRemove ? ", or null to take it away" : ""}`;
    throw bad(`${what}: "${name}" is ${shown(value)}; it must be ${allowed}.`);
  }
}

/** What every store takes: DynamoDB's client refuses numbers that may have lost digits. */
function isValue(value: unknown): boolean {
  if (typeof value === "string") return value.isWellFormed();
  if (typeof value !== "number") return typeof value === "boolean";
  const size = Math.abs(value);
  return size === 0 || (size >= LEAST_NUMBER && size <= Number.MAX_SAFE_INTEGER);
}

/** @throws E_BAD_OPTION when they are more than META can carry */
export function checkAttributesSize(what: string, attributes: Attributes): void {
  const sizeBytes = Buffer.byteLength(JSON.stringify(attributes));
  if (sizeBytes <= MAX_ATTRIBUTES_BYTES) return;
  const most = `together they may have ${MAX_ATTRIBUTES_BYTES}, because they are billed with every change of the run`;
  throw bad(`${what} would have ${sizeBytes} bytes as JSON; ${most}.`);
}

function shown(value: unknown): string {
  return typeof value === "number" || value === null ? String(value) : `of type ${typeof value}`;
}

function bad(what: string): PerdureError {
  return new PerdureError("E_BAD_OPTION", what);
}
