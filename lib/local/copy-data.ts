// Copies of plain data, as the stores in memory hand them out. As structuredClone for what crosses a port (objects,
// arrays, bytes), and several times as quick: the simulator makes millions of them.

/** Shares no object with `data`. */
export function copyData<Data>(data: Data): Data {
  return copyOf(data) as Data;
}

function copyOf(data: unknown): unknown {
  if (typeof data !== "object" || data === null) return data;
  if (Array.isArray(data)) return data.map(copyOf);
  if (data instanceof Uint8Array) return new Uint8Array(data);
  if (Object.getPrototypeOf(data) !== Object.prototype) return structuredClone(data);
  const copy: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(data)) copy[key] = copyOf(value);
  return copy;
}
