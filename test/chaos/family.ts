// What must be true between a run and its children when everything is over: each was started once, and each ended as its
// policy says.
import { type ChildStarted, type Entry, isTerminal } from "../../lib/ports/journal.ts";
import type { Loaded } from "../../lib/ports/store.ts";
import type { Stored } from "./place.ts";
import { CHILDREN, type ChildName } from "./scenarios.ts";

export async function familyFaults(
  store: Stored["store"],
  { checkpoints }: Pick<Loaded, "checkpoints">,
): Promise<readonly string[]> {
  const entries = checkpoints.flatMap((checkpoint) => checkpoint.entries);
  const started = entries.filter((entry): entry is ChildStarted => entry.type === "child.started");
  const ended = entries.find(isTerminal)?.at ?? 0;
  const names = started.map(({ id }) => id).toSorted();
  const faults: string[] = [];
  if (names.join() !== Object.keys(CHILDREN).toSorted().join())
    faults.push(`it has started ${names.join(", ") || "no children"}`);
  for (const { id, runId } of started)
    faults.push(
      ...(await childFaults(store, { name: id as ChildName, runId, ended })).map(
        (what) => `child ${id}: ${what}`,
      ),
    );
  return faults;
}

async function childFaults(
  store: Stored["store"],
  { name, runId, ended }: { readonly name: ChildName; readonly runId: string; readonly ended: number },
): Promise<readonly string[]> {
  const { facts, checkpoints } = await store.journal.load(runId);
  const end = checkpoints.flatMap(({ entries }) => entries).find((entry: Entry) => isTerminal(entry));
  const isAsked = facts.some(({ kind }) => kind === "cancel");
  const faults: string[] = [];
  if (end === undefined) return ["it has not ended"];
  if (isAsked !== (name === "cancelled")) faults.push(`it was ${isAsked ? "" : "not "}asked to end`);
  const expected = name === "cancelled" ? "run.cancelled" : "run.succeeded";
  if (end.type !== expected) faults.push(`it ended with ${end.type}`);
  if (["own", "waited"].includes(name) && end.at > ended) faults.push("it was not waited for");
  if (name === "cancelled" && end.at < ended) faults.push("it ended before its parent");
  return faults;
}
