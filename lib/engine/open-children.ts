// The children that a journal knows to have begun, and not to have ended.
import type { ChildStarted, Entry } from "../ports/journal.ts";

export class OpenChildren {
  readonly #open = new Map<string, { readonly seq: number; readonly entry: ChildStarted }>();

  note(seq: number, entry: Entry): void {
    if (entry.type === "run.continued") this.#open.clear();
    else if (entry.type === "loop.turned") this.#forgetBelow(`${entry.id}/`);
    else if (entry.type === "child.started") this.#open.set(entry.id, { seq, entry });
    else if (entry.type.startsWith("child.") && "id" in entry) this.#open.delete(entry.id);
  }

  /** Those below a scope that are to end with it; with their parent when it is empty. */
  toCancel(scope = ""): readonly ChildStarted[] {
    return [...this.#open.values()]
      .map(({ entry }) => entry)
      .filter(({ id, onParentClose }) => onParentClose === "cancel" && id.startsWith(scope));
  }

  /** Those that began behind a position of the journal. */
  since(lastSeq: number): readonly ChildStarted[] {
    return [...this.#open.values()].filter(({ seq }) => seq > lastSeq).map(({ entry }) => entry);
  }

  /** They were told when their turn ended. Turns of the loop: no other call has a number there. */
  #forgetBelow(scope: string): void {
    for (const id of this.#open.keys())
      if (id.startsWith(scope) && /^\d+\//.test(id.slice(scope.length))) this.#open.delete(id);
  }
}
