// A call's key: its id, unique in all generations of its run. What the outside keeps of a call (an idempotency key, a child's
// run id, a fact, a note) goes by it, because ids come again after `ctx.continueAsNew`.

const MARK = "##";

/** A name holds no '#', and an occurrence is a number: no id ends like this. */
export function callKeyOf(id: string, generation: number): string {
  return generation === 1 ? id : `${id}${MARK}${generation}`;
}

export function readCallKey(key: string): { readonly id: string; readonly generation: number } {
  const at = key.lastIndexOf(MARK);
  return at < 0
    ? { id: key, generation: 1 }
    : { id: key.slice(0, at), generation: Number(key.slice(at + MARK.length)) };
}
