// The children that a journal knows to have begun, and not to have ended.
import type { ChildStarted, Entry } from "../ports/journal.ts";

export class OpenChildren {
  readonly #open = new Map<string, ChildStarted>();

  note(entry: Entry): void {
    if (entry.type === "run.continued") this.#open.clear();
    else if (entry.type === "loop.turned") this.#forgetBelow(`${entry.id}/`);
    else if (entry.type === "child.started") this.#open.set(entry.id, entry);
    else if (entry.type.startsWith("child.") && "id" in entry) this.#open.delete(entry.id);
  }

  /** Run ids of those below a scope that are to end with it; with their parent when it is empty. */
  toCancel(scope = ""): readonly string[] {
    return [...this.#open.values()]
      .filter(({ id, onParentClose }) => onParentClose === "cancel" && id.startsWith(scope))
      .map(({ runId }) => runId);
  }

  /** They were told when their turn ended. Turns of the loop: no other call has a number there. */
  #forgetBelow(scope: string): void {
    for (const id of this.#open.keys())
      if (id.startsWith(scope) && /^\d+\//.test(id.slice(scope.length))) this.#open.delete(id);
  }
}
