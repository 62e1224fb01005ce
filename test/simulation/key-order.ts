// What a store keeps has no order of its keys: DynamoDB promises none. Half of the processes are given theirs the other
// way round, so that whatever hashes or compares the text of stored data is found out.

/** The same data, with the keys of every object in the opposite order. */
export function keysReversed(data: unknown): unknown {
  if (Array.isArray(data)) return data.map(keysReversed);
  if (typeof data !== "object" || data === null || Object.getPrototypeOf(data) !== Object.prototype)
    return data;
  const reversed: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(data).toReversed()) reversed[key] = keysReversed(value);
  return reversed;
}
