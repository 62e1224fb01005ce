// Every event that code which has come to its end must have said is in its journal, once: also of a turn or a generation
// that ended before it was recorded, and when nobody waited for it.
import type { Entry } from "../../lib/ports/journal.ts";
import { labelOfTurn } from "./loop-primitive.ts";
import { typeOf } from "./outgoing-primitives.ts";
import { type AnyNode, instanceOf, instanceOfTurn } from "./primitive.ts";
import { type Input, labelOfGeneration, type Program } from "./program.ts";

/** Where all that is held runs, and nothing of it is given up. */
const WHOLE = ["sequence", "parallel", "scope", "branches", "loop"];

interface Said {
  readonly type: string;
  readonly source: string;
}

/** For a run that has succeeded. */
export function judgeSaid(
  { root, generations }: Program,
  { node, label }: Input,
  entries: readonly Entry[],
  complain: (what: string) => void,
): void {
  const roots = node === undefined ? generations : 1;
  const said = Array.from({ length: roots }, (_, nth) => [
    ...saidBy(instanceOf(node ?? root, "g", nth), labelOfGeneration(label, nth + 1)),
  ]).flat();
  for (const { type, source } of said) {
    const times = entries.filter(
      (entry) => entry.type === "event.emitted" && entry.event === type && entry.source === source,
    ).length;
    if (times !== 1) complain(`${source} has said once that ${type}, and it is recorded ${times} times`);
  }
}

function* saidBy(node: AnyNode, label: string): Iterable<Said> {
  if (node.kind === "emit" && "name" in node) yield { type: typeOf(String(node.name)), source: label };
  if (!WHOLE.includes(node.kind)) return;
  const { inner = [], turns = 1 } = node;
  for (let turn = 0; turn < turns; turn += 1) {
    const own =
      "name" in node && node.kind === "loop" ? labelOfTurn({ name: String(node.name) }, turn, label) : label;
    for (const one of inner) yield* saidBy(instanceOfTurn(one, node, turn), own);
  }
}
