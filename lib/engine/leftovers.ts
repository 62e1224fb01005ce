// What a journal leaves to be done when its run ends or is left: children to be told, attributes for META to show.
import type { Checkpoint, ChildStarted } from "../ports/journal.ts";
import type { Attributes, Run } from "../ports/run.ts";
import { AttributeTally } from "./attributes.ts";
import { OpenChildren } from "./open-children.ts";

export interface Leftovers {
  /** Those that are to end with their parent. */
  readonly children: readonly ChildStarted[];
  /** All that the run has now; nothing when META need not change. */
  readonly attributes: Attributes | undefined;
}

export function leftoversOf(run: Run, checkpoints: readonly Checkpoint[]): Leftovers {
  const children = new OpenChildren();
  const attributes = new AttributeTally(run);
  for (const { first, entries } of checkpoints) {
    for (const [i, entry] of entries.entries()) {
      children.note(first + i, entry);
      attributes.note(first + i, entry);
    }
  }
  return { children: children.toCancel(), attributes: attributes.changed };
}
