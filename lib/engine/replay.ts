// From a loaded journal to an execution that stands where the journal ends. Used by activations, which go on from
// there, and by step handlers, which only want the body of one step.
import {
  type CallEntry,
  type Entry,
  type Fact,
  isRunEntry,
  isTerminal,
  type RunEntry,
  type TerminalEntry,
} from "../ports/journal.ts";
import type { Run } from "../ports/run.ts";
import type { Loaded } from "../ports/store.ts";
import { PerdureError } from "../sdk/errors.ts";
import type { AnyWorkflow } from "../sdk/workflow.ts";
import { assertBehaviourKnown } from "./behaviour.ts";
import type { Engine } from "./engine.ts";
import { type Beginning, Execution } from "./execution.ts";
import { Folds, type Placed } from "./folds.ts";
import { unpack } from "./payloads.ts";
import { tokensOf } from "./tokens.ts";
import { placeUnreadable, UnreadableError } from "./unreadable.ts";

type Journal = Pick<Loaded, "checkpoints" | "facts">;

export interface Replayed {
  readonly execution: Execution;
  /** The entry that was to be the last is of a turn or a generation that has ended. */
  readonly isPast: boolean;
  /** Position of the journal's last entry, delivered or not. */
  readonly lastSeq: number;
}

/** The terminal entry, if the run has ended; then there is nothing to replay. */
export function endOf({
  checkpoints,
}: Journal): { readonly terminal: TerminalEntry; readonly seq: number } | undefined {
  const last = checkpoints.at(-1);
  const entry = last?.entries.at(-1);
  if (last === undefined || entry === undefined || !isTerminal(entry)) return undefined;
  return { terminal: entry, seq: last.first + last.entries.length - 1 };
}

export function entriesOf({ checkpoints }: Journal): readonly Entry[] {
  return checkpoints.flatMap(({ entries }) => entries);
}

/** The entries with their positions: some may have been left out before. */
function placed({ checkpoints }: Journal): readonly Placed[] {
  return checkpoints.flatMap(({ first, entries }) =>
    entries.map((entry, i) => ({ seq: first + i, entry, isFirst: i === 0 })),
  );
}

/** Position of the last entry. */
export function lastSeqOf({ checkpoints }: Journal): number {
  const last = checkpoints.at(-1);
  return last === undefined ? 0 : last.first + last.entries.length - 1;
}

/** The counterpart of F1: what was left out must be what the entry behind it makes superfluous. @throws E_CORRUPT */
export function assertFolds({ checkpoints }: Journal, { runId, folds = [] }: Run): void {
  for (const { from, to } of folds) {
    const entry = checkpoints.find(({ first }) => first === to + 1)?.entries[0];
    const isCovered =
      entry?.type === "run.continued" || (entry?.type === "loop.turned" && entry.from <= from);
    if (isCovered) continue;
    const what = `META of run ${runId} leaves out positions ${from} to ${to}, and no turn or new beginning follows them.`;
    throw new UnreadableError("E_CORRUPT", what);
  }
}

/** @throws E_UNKNOWN_WORKFLOW */
function workflowOf(engine: Engine, run: Run): AnyWorkflow {
  const workflow = engine.registry.get(run.workflow);
  if (workflow !== undefined) return workflow;
  throw new PerdureError(
    "E_UNKNOWN_WORKFLOW",
    `Run ${run.runId} is of workflow "${run.workflow}", which is not deployed here.`,
  );
}

/** The run's code, which has not begun. @throws E_UNKNOWN_WORKFLOW */
function executionOf(
  engine: Engine,
  run: Run,
  input: unknown,
  more: { readonly from?: Beginning; readonly folds?: Folds } = {},
): Execution {
  assertBehaviourKnown(run);
  const { ports } = engine;
  return new Execution({
    workflow: workflowOf(engine, run),
    run,
    input,
    turn: () => ports.clock.turn(),
    log: ports.log.with({ run: run.runId, workflow: run.workflow }),
    tokens: tokensOf(engine, run.runId),
    ...more,
  });
}

/** Replays entries up to the position `until`. A divergence is left in `execution.fault`. */
export async function replay(
  engine: Engine,
  run: Run,
  journal: Journal,
  until = Number.POSITIVE_INFINITY,
  otherInput?: { readonly value: unknown },
): Promise<Replayed> {
  const { execution, rest } = await lastGeneration(engine, run, journal, { otherInput });
  const lastSeq = lastSeqOf(journal);
  execution.live = rest.length === 0;
  execution.versions.isAtEnd = rest.length === 0;
  execution.versions.foresee(rest);
  await execution.start();
  let isPast = !rest.some(({ seq }) => seq === until);
  for (const { seq, entry, isFirst } of rest) {
    if (seq > until || execution.fault !== undefined) break;
    execution.versions.isAtEnd = seq === lastSeq;
    if (execution.folds.pass(seq, entry) !== undefined) {
      execution.leaveOut(seq, entry, execution.generation);
      isPast ||= seq === until;
    } else {
      await deliverEntry(engine, execution, { seq, entry, isFirst });
    }
  }
  execution.live = true;
  execution.versions.isAtEnd = true;
  return { execution, isPast: isPast && until <= lastSeq, lastSeq };
}

/** Code that has not begun, and what it begins with. */
export interface Begun {
  readonly execution: Execution;
  /** What is to be delivered. */
  readonly rest: readonly Placed[];
}

/** The code of the last generation, which has not begun. `isWhole`: nothing of it is left out. */
export async function lastGeneration(
  engine: Engine,
  run: Run,
  journal: Journal,
  how: { readonly otherInput?: { readonly value: unknown } | undefined; readonly isWhole?: boolean },
): Promise<Begun> {
  const entries = placed(journal);
  const at = entries.findLastIndex(({ entry }) => isBeginning(entry));
  const rest = entries.slice(at + 1);
  const folds = new Folds(how.isWhole ? [] : rest, entries[at]?.seq);
  const begins = entries[at];
  const execution = await codeBegunBy(engine, run, journal, begins, folds, how.otherInput);
  if (begins?.isFirst === true && begins.seq > 1) folds.add({ from: 1, to: begins.seq - 1 });
  let generation = 1;
  for (const left of entries.slice(0, at + 1)) {
    execution.leaveOut(left.seq, left.entry, generation);
    if (left.entry.type === "run.continued") generation = left.entry.generation;
  }
  return { execution, rest };
}

function isBeginning({ type }: Entry): boolean {
  return type === "run.continued" || type === "run.began";
}

/** The code that an entry lets begin, or that of the run's beginning. */
async function codeBegunBy(
  engine: Engine,
  run: Run,
  { facts }: Journal,
  begins: Placed | undefined,
  folds: Folds,
  otherInput?: { readonly value: unknown },
): Promise<Execution> {
  if (begins?.entry.type !== "run.continued") {
    const input =
      otherInput === undefined
        ? await placeUnreadable(`Run ${run.runId}, its input`, () => inputOf(engine, run, facts))
        : otherInput.value;
    const from = begins === undefined ? {} : { from: { generation: 1, at: begins.entry.at } };
    return executionOf(engine, run, input, { ...from, folds });
  }
  const { seq, entry } = begins;
  const place = `Run ${run.runId}, entry ${seq} (${entry.type})`;
  const input = await placeUnreadable(place, () => unpack(entry.value, engine.ports.blobs));
  return executionOf(engine, run, input, { from: entry, folds });
}

/**
 * Replays all that is recorded but the end: what every other replay leaves out, too. Answers the last generation of the code, or
 * the first that diverges, and how many entries were delivered to all of them.
 */
export async function replayWhole(
  engine: Engine,
  run: Run,
  journal: Journal,
): Promise<{ readonly execution: Execution; readonly delivered: number }> {
  const lastSeq = lastSeqOf(journal);
  let entries = placed(journal).filter(({ entry }) => !isTerminal(entry));
  let begins: Placed | undefined;
  let delivered = 0;
  for (;;) {
    if (entries[0]?.entry.type === "run.began") begins = entries.shift();
    const end = entries.findIndex(({ entry }) => entry.type === "run.continued");
    const rest = end < 0 ? entries : entries.slice(0, end);
    const execution = await codeBegunBy(engine, run, journal, begins, new Folds([], begins?.seq));
    execution.versions.foresee(rest);
    execution.versions.isAtEnd = rest.length === 0 && end < 0;
    await execution.start();
    for (const each of rest) {
      if (execution.fault !== undefined) break;
      execution.versions.isAtEnd = each.seq === lastSeq;
      await deliverEntry(engine, execution, each);
    }
    begins = entries[end];
    if (begins !== undefined) execution.checkBeginsAnew(begins.seq);
    delivered += execution.turn;
    if (begins === undefined || execution.fault !== undefined) return { execution, delivered };
    delivered += 1;
    entries = entries.slice(end + 1);
  }
}

/** C1: a terminal entry is the last, so it is never delivered. */
export async function deliverEntry(
  engine: Engine,
  execution: Execution,
  { seq, entry, isFirst }: Placed,
): Promise<void> {
  if (isTerminal(entry)) {
    const what = `The journal of run ${execution.run.runId} goes on after its end at position ${seq}.`;
    execution.fault ??= new UnreadableError("E_CORRUPT", what);
    return;
  }
  const name = "id" in entry ? `${entry.type} "${entry.id}"` : entry.type;
  const place = `Run ${execution.run.runId}, entry ${seq} (${name})`;
  const value = await placeUnreadable(place, () => entryValue(engine, entry));
  if (isRunEntry(entry)) await execution.deliverToRun(seq, entry, value);
  else await execution.deliver({ seq, isFirst }, entry, value);
}

async function entryValue({ ports }: Engine, entry: CallEntry | RunEntry): Promise<unknown> {
  // Why an attempt is tried again concerns nobody but the reader of the journal.
  if ("failure" in entry && entry.type !== "step.retrying")
    return await unpack(entry.failure.error, ports.blobs);
  // The code gave it away and never sees it again.
  if (entry.type === "state.published" || entry.type === "event.emitted") return undefined;
  // The next generation reads it (replay).
  if (entry.type === "run.continued") return undefined;
  return "value" in entry ? await unpack(entry.value, ports.blobs) : undefined;
}

export async function inputOf({ ports }: Engine, run: Run, facts: readonly Fact[]): Promise<unknown> {
  const { input } = run;
  if ("payload" in input) return await unpack(input.payload, ports.blobs);
  const fact = facts.find((candidate) => candidate.key === input.fact);
  if (fact?.kind !== "input")
    throw new UnreadableError(
      "E_CORRUPT",
      `Run ${run.runId} has lost its input, the inbox fact ${input.fact}.`,
    );
  return await unpack(fact.value, ports.blobs);
}
