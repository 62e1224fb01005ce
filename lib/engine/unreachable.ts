/** Ends an exhaustive switch: the compiler proves that it is never called with a known type. */
export function unreachable(value: never): never {
  throw new Error(`unexpected ${JSON.stringify(value)}`);
}
