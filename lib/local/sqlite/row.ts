// Columns of a row with the type they must have: the other side of what was written (a store that answers nonsense is
// an error, not a guess).
import type { SQLOutputValue } from "node:sqlite";
import { PerdureError } from "../../sdk/errors.ts";

export type Row = Readonly<Record<string, SQLOutputValue>>;

export function textOf(row: Row | undefined, column: string): string {
  const value = row?.[column];
  return typeof value === "string" ? value : wrongColumn(column, value);
}

export function integerOf(row: Row | undefined, column: string): number {
  const value = row?.[column];
  return typeof value === "number" ? value : wrongColumn(column, value);
}

export function bytesOf(row: Row | undefined, column: string): Uint8Array {
  const value = row?.[column];
  return value instanceof Uint8Array ? value : wrongColumn(column, value);
}

function wrongColumn(column: string, value: unknown): never {
  throw new PerdureError("E_INTERNAL", `The local database holds ${typeof value} in column ${column}.`);
}
