// Errors to records, also those that stand in their fields: as the cause, as a field, in a list, or anywhere in a plain
// value, as in the batch of a BatchError. Whatever is thrown, however odd, becomes a record: a cycle ends in a word, a
// field that cannot be kept becomes text.
//
// One recorder serves one value that is written, however many errors are in it. It records each error that others hold
// once, where it meets it first, and copies a bounded number of parts: errors that refer to each other many times over
// would unfold without end. No record leads back to itself, because the text could not be read again.
import { types } from "node:util";
import {
  MAX_ERROR_DEPTH,
  MAX_ERROR_FIELDS_BYTES,
  MAX_ERROR_PARTS,
  MAX_ERROR_STACKS,
  MAX_ERROR_TEXT_CHARS,
} from "../limits.ts";
import type { Batch, BatchItem } from "../sdk/batch.ts";
import { BatchError } from "../sdk/errors.ts";
import { asText, type ErrorRecord, isError, type Kept, namesOf, readField } from "./error-record.ts";
import { inspectValue, isPlainObject } from "./inspect-value.ts";

const NOT_FIELDS = new Set(["name", "message", "stack", "cause", "__proto__"]);

/** Stands for an error in a copied value: what is written is its record. */
export class RecordedError {
  readonly #record: ErrorRecord;

  constructor(record: ErrorRecord) {
    this.#record = record;
  }

  /** Asks nothing of the candidate, which may be a proxy. */
  static recordOf(this: void, candidate: unknown): ErrorRecord | undefined {
    const isOne = typeof candidate === "object" && candidate !== null && #record in candidate;
    return isOne ? candidate.#record : undefined;
  }
}

/** Where an error is met. */
interface Place {
  /** The errors that hold it. */
  readonly above: ReadonlySet<unknown>;
  /** In a value of one of them, whose size is measured as a whole. */
  readonly isInValue: boolean;
  readonly budget: { leftBytes: number };
}

export class ErrorRecorder {
  /** Of the text of a value, in which errors are `RecordedError`. @throws when it cannot be written */
  readonly #sizeBytes: (value: unknown) => number;
  readonly #recorded = new Map<Error, RecordedError>();
  #partsLeft = MAX_ERROR_PARTS;
  #stacksLeft = MAX_ERROR_STACKS;

  constructor(sizeBytes: (value: unknown) => number) {
    this.#sizeBytes = sizeBytes;
  }

  /** Of an error that no other one holds. */
  record(error: Error): ErrorRecord {
    return this.#record(error, {
      above: new Set(),
      isInValue: false,
      budget: { leftBytes: MAX_ERROR_FIELDS_BYTES },
    });
  }

  #record(error: Error, met: Place): ErrorRecord {
    const place: Place = { ...met, above: new Set(met.above).add(error) };
    const fields: [string, Kept][] = [];
    for (const key of fieldsOf(error)) {
      if (NOT_FIELDS.has(key)) continue;
      const value = readField(error, key);
      if (key === "errors" && Array.isArray(value)) fields.push([key, this.#keepList(value, place)]);
      else if (key === "batch" && error instanceof BatchError)
        fields.push([key, this.#keep(keepable(value), place)]);
      else fields.push([key, this.#keep(value, place)]);
    }
    return {
      ...namesOf(error),
      message: asText(readField(error, "message")),
      ...this.#stackOf(error, met),
      ...(Object.hasOwn(error, "cause") ? { cause: this.#keep(readField(error, "cause"), place) } : {}),
      fields,
    };
  }

  /** Not even read when it is not kept: that is when it is made. */
  #stackOf(error: Error, { isInValue }: Place): { readonly stack?: string } {
    if (isInValue) this.#stacksLeft -= 1;
    if (isInValue && this.#stacksLeft < 0) return {};
    const stack = readField(error, "stack");
    return typeof stack === "string" ? { stack: stack.slice(0, MAX_ERROR_TEXT_CHARS) } : {};
  }

  #keep(value: unknown, place: Place): Kept {
    if (isError(value)) return this.#keepError(value, place);
    const { budget, isInValue } = place;
    const carried = this.#carry(value, place);
    if (carried === undefined) return { value: asText(value) };
    if (!isInValue) budget.leftBytes -= carried.sizeBytes;
    return { value: carried.value };
  }

  #keepError(error: Error, place: Place): Kept {
    const isKnown = this.#recorded.has(error);
    const recorded = this.#recordedIn(error, place);
    const record = RecordedError.recordOf(recorded);
    return isKnown || record === undefined ? { value: recorded } : { error: record };
  }

  /** An error that another one holds, or the word that stands for it. */
  #recordedIn(error: Error, place: Place): RecordedError | string {
    if (place.above.has(error)) return "[circular]";
    const known = this.#recorded.get(error);
    if (known !== undefined) return known;
    if (place.above.size >= MAX_ERROR_DEPTH) return "[too deep]";
    const recorded = new RecordedError(this.#record(error, place));
    this.#recorded.set(error, recorded);
    return recorded;
  }

  /** What is left out is said, not dropped in silence. */
  #keepList(errors: readonly unknown[], place: Place): Kept {
    const kept = errors.slice(0, MAX_ERROR_DEPTH).map((error) => this.#keep(error, place));
    const more = errors.length - kept.length;
    return { list: more === 0 ? kept : [...kept, { value: `[and ${more} more]` }] };
  }

  /** Nothing when the value cannot be kept as it is. */
  #carry(value: unknown, place: Place): { readonly value: unknown; readonly sizeBytes: number } | undefined {
    try {
      const { holdsErrors } = inspectValue(value);
      const copy = holdsErrors ? this.#copy(value, { ...place, isInValue: true }) : value;
      // Measured with what is around it: it may be met a thousand times, and lead to all others each time.
      if (holdsErrors && place.isInValue) return { value: copy, sizeBytes: 0 };
      const sizeBytes = this.#sizeBytes(copy);
      if (sizeBytes <= place.budget.leftBytes) return { value: copy, sizeBytes };
      if (holdsErrors) this.#partsLeft = 0;
      return undefined;
    } catch {
      return undefined;
    }
  }

  /** With what stands for them in place of errors. @throws when there is too much of it */
  #copy(value: unknown, place: Place): unknown {
    // Of this place alone: another place may have others above it.
    const copies = new Map<object, object>();
    const begin = <T extends object>(original: object, copy: T): T => {
      copies.set(original, copy);
      return copy;
    };
    const visit = (part: unknown): unknown => {
      this.#partsLeft -= 1;
      if (this.#partsLeft < 0) throw new Error("too much with errors in it");
      if (typeof part !== "object" || part === null) return part;
      if (isError(part)) return this.#recordedIn(part, place);
      const known = copies.get(part);
      if (known !== undefined) return known;
      if (Array.isArray(part)) {
        const list = begin<unknown[]>(part, []);
        list.length = part.length;
        for (const key of Object.keys(part)) list[Number(key)] = visit(part[Number(key)]);
        return list;
      }
      if (types.isMap(part)) {
        const map = begin(part, new Map<unknown, unknown>());
        for (const [key, mapped] of part) map.set(visit(key), visit(mapped));
        return map;
      }
      if (types.isSet(part)) {
        const set = begin(part, new Set<unknown>());
        for (const item of part) set.add(visit(item));
        return set;
      }
      if (!isPlainObject(part)) return part;
      const record = begin(part, Object.create(Object.getPrototypeOf(part)) as Record<string, unknown>);
      for (const [key, field] of Object.entries(part)) {
        if (key === "__proto__") throw new Error("a field that is never written");
        record[key] = visit(field);
      }
      return record;
    };
    return visit(value);
  }
}

/** Its own, and two that are not listed: an AggregateError hides its errors, and a class may have its code in a getter. */
function fieldsOf(error: Error): ReadonlySet<string> {
  const fields = new Set(Object.keys(error));
  if (error instanceof AggregateError) fields.add("errors");
  if (["string", "number"].includes(typeof readField(error, "code"))) fields.add("code");
  return fields;
}

/** A batch with text in place of values that cannot be kept: a single one must not hide what became of the others. */
function keepable(batch: unknown): unknown {
  try {
    const { items, completion } = batch as Batch<unknown>;
    const kept = items.map((item) =>
      item.status === "succeeded" && !isKeepable(item.value) ? { ...item, value: asText(item.value) } : item,
    );
    return {
      items: kept,
      values: kept.flatMap((item) => (item.status === "succeeded" ? [item.value] : [])),
      failures: kept.filter((item: BatchItem<unknown>) => item.status === "failed"),
      completion,
    };
  } catch {
    return batch;
  }
}

function isKeepable(value: unknown): boolean {
  try {
    inspectValue(value);
    return true;
  } catch {
    return false;
  }
}
