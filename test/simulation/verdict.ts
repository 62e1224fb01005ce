// The oracle, when everything is over: what is stored of a run must be what the program comes to without a fault, keep
// every invariant, and replay to the same end. Throws only when what is stored cannot be read at all.
import { isDeepStrictEqual } from "node:util";
import { callKeyOf } from "../../lib/engine/call-key.ts";
import type { Execution } from "../../lib/engine/execution.ts";
import { unpack } from "../../lib/engine/index.ts";
import { STATE_NOTE } from "../../lib/engine/outgoing.ts";
import { replay } from "../../lib/engine/replay.ts";
import type { ScheduleEvent } from "../../lib/engine/schedules/events.ts";
import type { PublishedSchedule } from "../../lib/engine/schedules/workflow.ts";
import { closedStatusOf } from "../../lib/engine/terminal.ts";
import { type Entry, type Fact, isTerminal, type TerminalEntry } from "../../lib/ports/journal.ts";
import { isClosed, type Run } from "../../lib/ports/run.ts";
import type { Loaded } from "../../lib/ports/store.ts";
import { SCHEDULE_WORKFLOW } from "../../lib/sdk/names.ts";
import type { Action, Ending } from "./primitive.ts";
import { type Code, EPILOGUE, endingsOf, type Input, type Program, WORKFLOW } from "./program.ts";
import { mended } from "./repair.ts";
import { judgeSaid } from "./said.ts";
import { brief } from "./trace.ts";
import { judgeActions } from "./vocabulary.ts";
import type { World } from "./world.ts";

type Complain = (what: string) => void;

interface End {
  readonly last: TerminalEntry;
  readonly value: unknown;
}

const ENTRIES_A_PAGE = 7;

/** `accepted` is what the outside did to it, as far as it was not refused. */
export async function judge(
  world: World,
  program: Program,
  runId: string,
  accepted: readonly Action[],
): Promise<void> {
  const complain: Complain = (what) => world.complain(`${runId}: ${what}`);
  const { journal } = world.outside.ports.store;
  const inInbox = await journal.load(runId);
  const loaded = { ...inInbox, facts: [...(await retiredOf(world, runId)), ...inInbox.facts] };
  const entries = loaded.checkpoints.flatMap((checkpoint) => checkpoint.entries);
  const last = entries.at(-1);
  if (last === undefined || !isTerminal(last))
    return complain("C1: the journal does not end with a terminal entry");
  await judgeMeta(world, runId, entries.length, complain);
  judgeJournal(loaded, entries, complain);
  const result =
    last.type === "run.succeeded" ? await unpack(last.value, world.outside.ports.blobs) : undefined;
  const run = await world.run(runId);
  if (run.workflow === SCHEDULE_WORKFLOW) {
    await judgeSchedule(world, run, loaded.facts, entries);
    return await judgeAgain(world, run, { last, value: result }, { loaded, entries }, complain);
  }
  judgeActions({ ...loaded, entries }, accepted, complain);
  const input = await readInput(world, runId, loaded);
  // What was broken works for a run that takes the place of another.
  const seen = world.repairRules.isNew(runId) ? { ...program, root: mended(program.root) } : program;
  const own = endingsOf(seen, input, accepted);
  const isAsked = loaded.facts.some(({ kind }) => kind === "cancel");
  // A child may be cancelled by its parent; whether rightly, the rules of families say.
  const endings: readonly Ending[] = run.parent && isAsked ? [...own, { status: "cancelled" }] : own;
  judgeEnd(run, last, result, endings, complain);
  if (last.type === "run.succeeded") judgeSaid(program, input, entries, complain);
  await judgeAgain(world, run, { last, value: result }, { loaded, entries }, complain);
}

/** What others see of it, and what a replay comes to. */
async function judgeAgain(
  world: World,
  run: Run,
  end: End,
  { loaded, entries }: { readonly loaded: Loaded; readonly entries: readonly Entry[] },
  complain: Complain,
): Promise<void> {
  const { runId } = run;
  const { journal } = world.outside.ports.store;
  const bus = new Set(world.outside.events.sent.map(({ id }) => id));
  world.outgoingRules.judge(run, await journal.note(runId, STATE_NOTE), bus);
  await judgeReadable(world, run, entries, complain);
  await judgeReplay(world, runId, loaded, end, complain);
  if (run.folds !== undefined)
    await judgeReplay(world, runId, await journal.load(runId, run.folds), end, complain);
}

/** How it has shown itself last, and what it has been told. */
async function judgeSchedule(
  world: World,
  run: Run,
  facts: readonly Fact[],
  entries: readonly Entry[],
): Promise<void> {
  const { blobs, store } = world.outside.ports;
  const state = await store.journal.note(run.runId, STATE_NOTE);
  // Nothing of it was ever to be seen.
  if (state === undefined) return;
  const taken = new Map<string, number>();
  for (const [i, entry] of entries.entries()) {
    if (entry.type === "signal.received") taken.set(entry.fact, i + 1);
    for (const key of ("untaken" in entry && entry.untaken) || []) taken.delete(key);
  }
  // The first of its key counts: one that has left the inbox may have been put again.
  const told = [...taken].flatMap(([key, seq]) => {
    const fact = facts.find((each) => each.key === key);
    return fact?.kind === "signal" ? [{ seq, value: fact.value }] : [];
  });
  world.timetableRules.judge(
    run,
    (await unpack(state.value, blobs)) as PublishedSchedule,
    await Promise.all(
      told.map(async ({ seq, value }) => ({ seq, event: (await unpack(value, blobs)) as ScheduleEvent })),
    ),
  );
}

/** What has left the inbox; a fact that was put again counts as it first was. */
async function retiredOf(world: World, runId: string): Promise<readonly Fact[]> {
  const { journal } = world.outside.ports.store;
  const found = await Promise.all(
    [...world.foldRules.retired(runId)].map(async (key) => await journal.retired(runId, key)),
  );
  return found.filter((fact) => fact !== undefined);
}

/** The whole history, page by page; and the run is found by its attributes. */
async function judgeReadable(
  world: World,
  { runId, attributes = {} }: Run,
  entries: readonly Entry[],
  complain: Complain,
): Promise<void> {
  const { journal, index } = world.outside.ports.store;
  const read: Entry[] = [];
  for (let after = 0; ; ) {
    const page = await journal.page(runId, after, ENTRIES_A_PAGE);
    if (page.length === 0) break;
    for (const { first, entries: own } of page) {
      read.push(...own.slice(Math.max(0, after + 1 - first)));
      after = first + own.length - 1;
    }
  }
  if (!isDeepStrictEqual(read, entries)) complain("its pages are not its journal");
  if (Object.keys(attributes).length === 0) return;
  const wanted = Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, String(value)]));
  const { runs } = await index.list({ workflows: [WORKFLOW], attributes: wanted, limit: 100 });
  if (!runs.some((run) => run.runId === runId)) complain("it is not found by its attributes");
}

async function readInput(world: World, runId: string, { facts }: Loaded): Promise<Input> {
  const { input } = await world.run(runId);
  const fact = "fact" in input ? facts.find(({ key }) => key === input.fact) : undefined;
  const payload = "fact" in input ? (fact?.kind === "input" ? fact.value : undefined) : input.payload;
  if (payload === undefined) throw new Error(`${runId} has lost its input`);
  return (await unpack(payload, world.outside.ports.blobs)) as Input;
}

async function judgeMeta(world: World, runId: string, entries: number, complain: Complain): Promise<void> {
  const meta = await world.run(runId);
  if (!isClosed(meta.status)) complain(`J4: META is ${meta.status} and the journal has ended`);
  if (meta.lastSeq !== entries) complain(`J4: META has position ${meta.lastSeq}, the journal ${entries}`);
  if (meta.sweepAt !== undefined) complain("W4: a closed run is in the sweep index");
  if (meta.leaseUntil !== undefined) complain("a lease is left");
}

function judgeJournal({ checkpoints }: Loaded, entries: readonly Entry[], complain: Complain): void {
  let generation = 1;
  let next = 1;
  for (const { first, entries: own } of checkpoints) {
    if (first !== next) complain(`J1: there is a checkpoint at ${first} where ${next} was due`);
    next = first + own.length;
  }
  if (entries.findIndex(isTerminal) !== entries.length - 1) complain("C1: something follows the end");
  const outcomes = entries.flatMap((entry) => {
    if (entry.type === "run.continued") ({ generation } = entry);
    const isOutcome = ["step.succeeded", "step.failed", "step.timed_out"].includes(entry.type);
    return isOutcome && "id" in entry ? [callKeyOf(entry.id, generation)] : [];
  });
  if (new Set(outcomes).size !== outcomes.length) complain("a step has two outcomes");
}

/** The oracle: an ending that the program may come to. */
function judgeEnd(
  { status, deadline = Number.POSITIVE_INFINITY }: Run,
  last: TerminalEntry,
  result: unknown,
  endings: readonly Ending[],
  complain: Complain,
): void {
  const ended = closedStatusOf(last);
  if (status !== ended) complain(`J4: META is ${status} and the journal ended ${ended}`);
  if (ended === "timed_out" && last.at < deadline) complain("T1: timed out early");
  const what =
    last.type === "run.succeeded"
      ? (result as { readonly value?: unknown }).value
      : last.type === "run.failed"
        ? last.failure.message
        : undefined;
  const isExpected = endings.some((ending) => {
    if (ending.status !== ended) return false;
    if (ending.status === "succeeded") return isDeepStrictEqual(ending.value, what);
    return ending.status !== "failed" || ending.message === what;
  });
  if (!isExpected) complain(`${ended} with ${brief(what)} instead of ${brief(endings)}`);
}

/** D1: the journal, replayed once more, comes to the end that was recorded. */
async function judgeReplay(
  world: World,
  runId: string,
  loaded: Loaded,
  end: End,
  complain: Complain,
): Promise<void> {
  const checkpoints = loaded.checkpoints.map((checkpoint) => ({
    ...checkpoint,
    entries: checkpoint.entries.filter((entry) => !isTerminal(entry)),
  }));
  const run = await world.run(runId);
  const wrong = new Set<string>();
  for (const code of codesOf(world, loaded)) {
    const { engine } = world.startWith(code, "client");
    const { execution } = await replay(engine, run, { ...loaded, checkpoints });
    const difference = differenceOf(execution, loaded, end);
    if (difference === undefined) return;
    wrong.add(difference);
  }
  for (const difference of wrong) complain(`D1: replayed to ${difference}`);
}

function differenceOf(
  { fault, end: { outcome } }: Execution,
  loaded: Loaded,
  { last, value }: End,
): string | undefined {
  if (fault !== undefined) return fault.message;
  if (last.type === "run.timed_out" || isOutright(loaded, last)) return undefined;
  if (outcome?.ok !== (last.type === "run.succeeded")) return "another end";
  return outcome.ok && !isDeepStrictEqual(outcome.value, value) ? "another value" : undefined;
}

/** The run has ended without a word to its code. */
function isOutright({ checkpoints }: Loaded, last: TerminalEntry): boolean {
  if (last.type !== "run.cancelled") return false;
  return last.terminated === true || (checkpoints.length === 1 && checkpoints[0]?.entries.length === 1);
}

/** Codes that the run may have come to its end with: of what fits side by side, any will do. */
function codesOf(world: World, { checkpoints }: Loaded): readonly Code[] {
  const hasEpilogue = checkpoints.some(({ entries }) =>
    entries.some((entry) => ("id" in entry && entry.id === EPILOGUE) || entry.type === "run.version_marked"),
  );
  const own = { ...world.code, hasEpilogue };
  // Cancelled while it waited for what only the new code has, its journal does not tell.
  return hasEpilogue || !world.code.hasEpilogue ? [own] : [own, world.code];
}
