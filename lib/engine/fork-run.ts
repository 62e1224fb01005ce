// A new run that begins where another one was: with a part of its journal, and its own or other input. The other run's
// journal stays as it is (C1). Everything the new run needs is in the store before its META is: a starter that dies
// leaves nothing that anybody would run, and asking again with the same key goes on where it stopped (J4).
//
//   blobs, input, checkpoints (under marks of the new run) ──► facts nobody has consumed ──► META ──► send n = 1
import { MAX_ENTRIES_PER_CHECKPOINT } from "../limits.ts";
import type { Entry, Fact } from "../ports/journal.ts";
import { type Attributes, isClosed, type Run } from "../ports/run.ts";
import type { Loaded } from "../ports/store.ts";
import { PerdureError } from "../sdk/errors.ts";
import { attributesAfter } from "./attributes.ts";
import { type CallName, culpritsOf, idOf } from "./blame.ts";
import { digestOfData, shortDigest } from "./digest.ts";
import { readRun } from "./end-request.ts";
import type { Engine } from "./engine.ts";
import type { Execution } from "./execution.ts";
import { Folds } from "./folds.ts";
import { inParallel } from "./in-parallel.ts";
import { movePayload } from "./move-payload.ts";
import { STATE_NOTE } from "./outgoing.ts";
import { unpack } from "./payloads.ts";
import { type Begun, endOf, entriesOf, inputOf, lastGeneration, replay } from "./replay.ts";
import { reviveRun } from "./revive-run.ts";
import { mayBeDetached, salvage, withoutLooseEnds, withoutOldTokens } from "./salvage.ts";
import { checkKey, createRun, hashInput, workflowNamed } from "./start-run.ts";
import { checkInput } from "./validate.ts";

/** Facts of one run that are read at the same time: more would only queue for sockets. */
const MAX_PARALLEL_READS = 25;

export interface ForkRequest {
  readonly runId: string;
  /** Position of the last entry the new run begins with; 0 begins afresh. */
  readonly after: number;
  /** The old run's when absent. */
  readonly input?: { readonly value: unknown };
  readonly idempotencyKey?: string;
}

export interface RetryRequest {
  readonly runId: string;
  /** Id of the step from which on everything is done again. */
  readonly from?: string;
  readonly idempotencyKey?: string;
}

interface Plan {
  readonly source: Run;
  readonly entries: readonly Entry[];
  readonly facts: readonly Fact[];
  /** What the workflow gets. */
  readonly value: unknown;
  readonly inputHash: string;
  readonly after: number;
  readonly keysOf?: string;
  readonly key: string;
  readonly attributes: Attributes;
}

/**
 * @throws E_RUN_NOT_FOUND, E_BAD_OPTION, E_INVALID_INPUT, E_UNKNOWN_WORKFLOW
 * @throws E_NONDETERMINISM when the code, or the other input, does not lead along these entries
 */
export async function forkRun(engine: Engine, request: ForkRequest): Promise<Run> {
  const { runId, after, input, idempotencyKey } = request;
  const source = await readRun(engine, runId);
  const journal = await engine.ports.store.journal.load(runId);
  const entries = entriesOf(journal);
  const last = endOf(journal) === undefined ? entries.length : entries.length - 1;
  if (!Number.isSafeInteger(after) || after < 0 || after > last) {
    throw new PerdureError(
      "E_BAD_OPTION",
      `after is ${after}; the journal of run ${runId} has entries 1 to ${last}.`,
    );
  }
  if (input !== undefined && entries.slice(0, after).some(({ type }) => type === "run.continued")) {
    const what = `Run ${runId} has begun anew by entry ${after}, with an input of its own`;
    throw new PerdureError("E_BAD_OPTION", `${what}; fork it without input, or after an earlier entry.`);
  }
  const value =
    input === undefined
      ? await inputOf(engine, source, journal.facts)
      : await checkInput(workflowNamed(engine, source.workflow).inputSchema, input.value);
  return await begin(engine, {
    source,
    entries: await cut(engine, source, entries.slice(0, after), value),
    facts: [],
    value,
    inputHash: input === undefined ? source.inputHash : hashInput(input.value),
    after,
    key: keyOf(engine, "fork", idempotencyKey),
    attributes: attributesAfter(source, entries, entries.slice(0, after)),
  });
}

/**
 * A stalled run goes on itself. One that has ended without a result is taken up by a new run that keeps what succeeded.
 *
 * @throws E_RUN_NOT_FOUND, E_RUN_NOT_FAILED, E_BAD_OPTION when there is no such step
 */
export async function retryRun(engine: Engine, request: RetryRequest): Promise<Run> {
  const { runId, from, idempotencyKey } = request;
  const source = await readRun(engine, runId);
  if (!isClosed(source.status)) {
    if (from === undefined) return await reviveRun(engine, runId);
    throw new PerdureError(
      "E_BAD_OPTION",
      `Run ${runId} is ${source.status}; from is for runs that have ended.`,
    );
  }
  if (source.status === "succeeded") throw new PerdureError("E_RUN_NOT_FAILED", `Run ${runId} is succeeded.`);
  const journal = await engine.ports.store.journal.load(runId);
  const value = await inputOf(engine, source, journal.facts);
  const all = entriesOf(journal);
  const entries = await toKeep(engine, source, journal, value, from);
  const isUndone = all.some((entry) => "id" in entry && entry.id.endsWith("#undo"));
  return await begin(engine, {
    source,
    entries,
    facts: await signalsBeside(engine, runId, entries, journal),
    value,
    inputHash: source.inputHash,
    after: all.length - 1,
    // What was undone is done again, and must not meet the answers to its first time.
    ...(isUndone ? {} : { keysOf: source.forkedFrom?.keysOf ?? runId }),
    key: keyOf(engine, from === undefined ? "retry" : `retry from ${from}`, idempotencyKey),
    attributes: attributesAfter(source, all, entries),
  });
}

async function toKeep(
  engine: Engine,
  source: Run,
  journal: Loaded,
  input: unknown,
  from: string | undefined,
): Promise<readonly Entry[]> {
  const entries = entriesOf(journal);
  // What went before the code began anew has ended; ids come again behind it.
  const begins = entries.findLastIndex(({ type }) => type === "run.continued") + 1;
  if (from !== undefined) {
    const first = entries.findIndex((entry, i) => i >= begins && "id" in entry && entry.id === from);
    if (first < 0)
      throw new PerdureError("E_BAD_OPTION", `Run ${source.runId} has no entry of a step "${from}".`);
    return await cut(engine, source, entries.slice(0, first), input);
  }
  const anew = new Set(await culprits(engine, journal));
  const begin = await codeFor(engine, source, journal, input, anew);
  return [...withoutLooseEnds(entries.slice(0, begins)), ...(await salvage(engine, begin, anew))];
}

/** Turns that have ended stay as they are, whatever the code is by now; unless something of them is to be done anew. */
async function codeFor(
  engine: Engine,
  source: Run,
  journal: Loaded,
  input: unknown,
  anew: ReadonlySet<CallName>,
): Promise<() => Promise<Begun>> {
  const begin = (isWhole: boolean) =>
    lastGeneration(engine, source, journal, { otherInput: { value: input }, isWhole });
  const { folds } = (await begin(false)).execution;
  const isOfThePast = [...anew].some((name) => folds.leavesOut(idOf(name)));
  return () => begin(isOfThePast);
}

/** The calls whose failure ended the run, as far as the error says it ended with. */
async function culprits({ ports }: Engine, journal: Loaded): Promise<readonly CallName[]> {
  const end = endOf(journal)?.terminal;
  if (end === undefined || end.type === "run.succeeded") return [];
  return culpritsOf(await unpack(end.failure.error, ports.blobs));
}

/**
 * Signals that what is kept may not have taken: those in the inbox of the old run, and those that the part which is done again
 * has used up. Which of them it has taken is known when it was replayed (fitting).
 */
async function signalsBeside(
  { ports }: Engine,
  runId: string,
  kept: readonly Entry[],
  journal: Loaded,
): Promise<readonly Fact[]> {
  const held = journal.facts.filter(({ kind }) => kind === "signal");
  const [stays, isHeld] = [new Set(kept), new Set(held.map(({ key }) => key))];
  const gone = entriesOf(journal).flatMap((entry) =>
    "fact" in entry && !stays.has(entry) && !isHeld.has(entry.fact) ? [entry.fact] : [],
  );
  const usedUp = await inParallel([...new Set(gone)], MAX_PARALLEL_READS, (key) =>
    ports.store.journal.retired(runId, key),
  );
  return [...held, ...usedUp.filter((fact) => fact !== undefined)];
}

async function begin(engine: Engine, plan: Plan): Promise<Run> {
  const { store } = engine.ports;
  const { source, after, value, inputHash, keysOf } = plan;
  const runId = `run_${shortDigest(JSON.stringify([source.runId, plan.key]))}`;
  const standing = await store.runs.get(runId);
  if (standing !== undefined && standing.forkedFrom?.seq !== after) throw conflict(runId);
  // Once META is there the journal is its owner's (J1).
  const lastSeq = standing === undefined ? await furnish(engine, runId, plan) : standing.lastSeq;
  const forkedFrom = { runId: source.runId, seq: after, ...(keysOf === undefined ? {} : { keysOf }) };
  const workflow = workflowNamed(engine, source.workflow);
  const shown = Object.keys(plan.attributes).length === 0 ? {} : { attributes: plan.attributes };
  const { behaviour, scheduled } = source;
  // What the code was started for is as its input.
  const kept = { behaviour, ...(scheduled === undefined ? {} : { scheduled }) };
  const start = { workflow, runId, value, inputHash, forkedFrom, lastSeq, ...kept, ...shown };
  return (await createRun(engine, start)).run;
}

/** Answers the position of the last entry. */
async function furnish(engine: Engine, runId: string, plan: Plan): Promise<number> {
  const { journal } = engine.ports.store;
  const { own, taken } = await fitting(engine, plan);
  const entries = await Promise.all(placedAnew(own).map((entry) => moved(engine, runId, entry)));
  const digest = digestOfData(entries);
  let first = 1;
  for (const part of checkpointsOf(entries)) {
    const at = engine.ports.clock.now();
    const mark = `fork.${digest}.${first}`;
    // A starter that has died may have put other entries there: two halves are no journal.
    const answer = await journal.append(runId, { first, entries: part, fence: 0, mark, at });
    if (!answer.ok) throw conflict(runId);
    first += part.length;
  }
  for (const fact of plan.facts) {
    if (fact.kind !== "signal" || taken.has(fact.key)) continue;
    await journal.putFact(runId, { ...fact, value: await movePayload(engine, runId, fact.value) });
  }
  await publishAgain(engine, runId, entries);
  return entries.length;
}

function conflict(runId: string): PerdureError {
  return new PerdureError("E_IDEMPOTENCY_CONFLICT", `Run ${runId} was asked for before with other content.`);
}

/** Turns say how far back there is nothing but their loop: what was between them may have been left out. */
function placedAnew(entries: readonly Entry[]): readonly Entry[] {
  const folds = new Folds();
  return entries.map((entry, i) => {
    const placed = entry.type === "loop.turned" ? { ...entry, from: folds.startOf(entry.id) } : entry;
    folds.pass(i + 1, placed);
    if (placed.type === "loop.turned") folds.turned(placed, { seq: i + 1, isFirst: false });
    return placed;
  });
}

/** F3: what ends a fold begins a checkpoint. */
function* checkpointsOf(entries: readonly Entry[]): Iterable<readonly Entry[]> {
  let part: Entry[] = [];
  for (const entry of entries) {
    const endsFold = entry.type === "loop.turned" || entry.type === "run.continued";
    if (part.length > 0 && (endsFold || part.length === MAX_ENTRIES_PER_CHECKPOINT)) {
      yield part;
      part = [];
    }
    part.push(entry);
  }
  if (part.length > 0) yield part;
}

/** Events were the old run's to send; how the new run stands is its own to show. */
async function publishAgain({ ports }: Engine, runId: string, entries: readonly Entry[]): Promise<void> {
  const last = entries.findLastIndex(({ type }) => type === "state.published");
  const entry = entries[last];
  if (entry?.type !== "state.published") return;
  const note = { name: STATE_NOTE, order: last + 1, at: entry.at, value: entry.value };
  await ports.store.journal.putNote(runId, note);
}

/**
 * Before anything is written: does the code, with this input, go along these entries? Answers those that are its own to have,
 * and the signals they give to it.
 */
async function fitting(
  engine: Engine,
  { source, value, entries }: Plan,
): Promise<{ readonly own: readonly Entry[]; readonly taken: ReadonlySet<string> }> {
  if (entries.length === 0) return { own: entries, taken: new Set() };
  const execution = await broughtTo(engine, source, entries, value);
  if (execution.fault !== undefined) throw execution.fault;
  return { own: withoutOldTokens(execution, entries), taken: execution.signals.keys };
}

/** The beginning of a run, without what belongs to it alone. */
async function cut(
  engine: Engine,
  source: Run,
  entries: readonly Entry[],
  input: unknown,
): Promise<readonly Entry[]> {
  if (!entries.some(mayBeDetached)) return withoutLooseEnds(entries);
  return withoutLooseEnds(entries, await broughtTo(engine, source, entries, input));
}

/** The code, with this input, at the end of these entries. */
async function broughtTo(
  engine: Engine,
  source: Run,
  entries: readonly Entry[],
  value: unknown,
): Promise<Execution> {
  const checkpoint = { first: 1, entries, fence: 0, mark: "", at: 0 };
  const journal = { checkpoints: [checkpoint], facts: [] };
  return (await replay(engine, source, journal, undefined, { value })).execution;
}

async function moved(engine: Engine, runId: string, entry: Entry): Promise<Entry> {
  if ("value" in entry) return { ...entry, value: await movePayload(engine, runId, entry.value) };
  if (!("failure" in entry)) return entry;
  const error = await movePayload(engine, runId, entry.failure.error);
  return { ...entry, failure: { ...entry.failure, error } };
}

function keyOf({ ports }: Engine, what: string, idempotencyKey: string | undefined): string {
  if (idempotencyKey === undefined) return `${what} ${ports.random.id()}`;
  checkKey(idempotencyKey);
  return `${what} key ${idempotencyKey}`;
}
