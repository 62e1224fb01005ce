// The oracle, when everything is over: what is stored of a run must be what the program comes to without a fault, keep
// every invariant, and replay to the same end. Throws only when what is stored cannot be read at all.
import { isDeepStrictEqual } from "node:util";
import { unpack } from "../../lib/engine/index.ts";
import { replay } from "../../lib/engine/replay.ts";
import { type Entry, isTerminal, type TerminalEntry } from "../../lib/ports/journal.ts";
import { isClosed } from "../../lib/ports/run.ts";
import type { Loaded } from "../../lib/ports/store.ts";
import { expectedOf, type Program } from "./program.ts";
import type { World } from "./world.ts";

type Complain = (what: string) => void;

/** `accepted` is how many signals were accepted, each counted once. */
export async function judge(
  world: World,
  program: Program,
  run: number,
  runId: string,
  accepted: number,
): Promise<void> {
  const complain: Complain = (what) => world.complain(`${runId}: ${what}`);
  const loaded = await world.outside.ports.store.journal.load(runId);
  const entries = loaded.checkpoints.flatMap((checkpoint) => checkpoint.entries);
  const last = entries.at(-1);
  if (last === undefined || !isTerminal(last))
    return complain("C1: the journal does not end with a terminal entry");
  await judgeMeta(world, runId, entries.length, complain);
  judgeJournal(loaded, entries, complain);
  judgeSignals(loaded, entries, accepted, complain);
  const value = await judgeEnd(world, program, run, runId, last, complain);
  await judgeReplay(world, runId, loaded, { last, value }, complain);
}

async function judgeMeta(world: World, runId: string, entries: number, complain: Complain): Promise<void> {
  const meta = await world.run(runId);
  if (!isClosed(meta.status)) complain(`J4: META is ${meta.status} and the journal has ended`);
  if (meta.lastSeq !== entries) complain(`J4: META has position ${meta.lastSeq}, the journal ${entries}`);
  if (meta.sweepAt !== undefined) complain("W4: a closed run is in the sweep index");
  if (meta.leaseUntil !== undefined) complain("a lease is left");
}

function judgeJournal({ checkpoints }: Loaded, entries: readonly Entry[], complain: Complain): void {
  let next = 1;
  for (const { first, entries: own } of checkpoints) {
    if (first !== next) complain(`J1: there is a checkpoint at ${first} where ${next} was due`);
    next = first + own.length;
  }
  if (entries.findIndex(isTerminal) !== entries.length - 1) complain("C1: something follows the end");
  const outcomes = entries.flatMap((entry) =>
    entry.type === "step.succeeded" || entry.type === "step.failed" ? [entry.id] : [],
  );
  if (new Set(outcomes).size !== outcomes.length) complain("a step has two outcomes");
}

function judgeSignals(
  { facts }: Loaded,
  entries: readonly Entry[],
  accepted: number,
  complain: Complain,
): void {
  const consumed = entries.flatMap((entry) =>
    entry.type === "signal.received" || entry.type === "signal.refused" ? [entry.fact] : [],
  );
  if (new Set(consumed).size !== consumed.length) complain("a signal was delivered twice");
  const stored = new Set(facts.flatMap((fact) => (fact.kind === "signal" ? [fact.key] : [])));
  for (const key of consumed) if (!stored.has(key)) complain(`signal ${key} was delivered and never sent`);
  if (stored.size < accepted) complain(`${accepted} signals were accepted and ${stored.size} are stored`);
}

async function judgeEnd(
  world: World,
  program: Program,
  run: number,
  runId: string,
  last: TerminalEntry,
  complain: Complain,
): Promise<unknown> {
  const expected = expectedOf(program, run);
  switch (last.type) {
    case "run.succeeded": {
      const result = await unpack(last.value, world.outside.ports.blobs);
      const value = (result as { readonly value?: unknown }).value;
      if (program.ends !== "returns" || !isDeepStrictEqual(value, expected))
        complain(`gave ${JSON.stringify(value)} instead of ${JSON.stringify(expected)}`);
      return result;
    }
    case "run.failed":
      if (program.ends !== "throws" || last.failure.message !== expected)
        complain(`failed: ${last.failure.message}`);
      return undefined;
    case "run.timed_out": {
      const { deadline = Number.POSITIVE_INFINITY } = await world.run(runId);
      if (last.at < deadline) complain("T1: timed out early");
      return undefined;
    }
  }
}

/** D1: the journal, replayed once more, comes to the end that was recorded. */
async function judgeReplay(
  world: World,
  runId: string,
  loaded: Loaded,
  end: { readonly last: TerminalEntry; readonly value: unknown },
  complain: Complain,
): Promise<void> {
  const checkpoints = loaded.checkpoints.map((checkpoint) => ({
    ...checkpoint,
    entries: checkpoint.entries.filter((entry) => !isTerminal(entry)),
  }));
  const { engine } = world.start("client");
  const { execution } = await replay(engine, await world.run(runId), { ...loaded, checkpoints });
  if (execution.fault !== undefined) return complain(`D1: replayed to ${execution.fault.message}`);
  const { outcome } = execution;
  if (end.last.type === "run.timed_out") return;
  if (outcome?.ok !== (end.last.type === "run.succeeded")) return complain("D1: replayed to another end");
  if (outcome.ok && !isDeepStrictEqual(outcome.value, end.value)) complain("D1: replayed to another value");
}
