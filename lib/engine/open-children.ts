// The children that a journal knows to have begun, and not to have ended.
import type { ChildStarted, Entry } from "../ports/journal.ts";

export class OpenChildren {
  readonly #open = new Map<string, ChildStarted>();

  note(entry: Entry): void {
    if (entry.type === "child.started") this.#open.set(entry.id, entry);
    else if (entry.type.startsWith("child.") && "id" in entry) this.#open.delete(entry.id);
  }

  /** Run ids of those that are to end with their parent. */
  toCancel(): readonly string[] {
    return [...this.#open.values()]
      .filter(({ onParentClose }) => onParentClose === "cancel")
      .map(({ runId }) => runId);
  }
}
