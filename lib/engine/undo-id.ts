// The id of the step that undoes another.

const SUFFIX = "#undo";

export function undoIdOf(id: string): string {
  return `${id}${SUFFIX}`;
}

/** A name holds no '#', and an occurrence is a number: no other id ends like this. */
export function isUndoId(id: string): boolean {
  return id.endsWith(SUFFIX);
}
