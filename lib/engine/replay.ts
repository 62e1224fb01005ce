// From a loaded journal to an execution that stands where the journal ends. Used by activations, which go on from
// there, and by step handlers, which only want the body of one step.
import {
  type CallEntry,
  type Entry,
  type Fact,
  isRunEntry,
  isTerminal,
  type TerminalEntry,
} from "../ports/journal.ts";
import type { Run } from "../ports/run.ts";
import type { Loaded } from "../ports/store.ts";
import { PerdureError } from "../sdk/errors.ts";
import type { AnyWorkflow } from "../sdk/workflow.ts";
import type { Engine } from "./engine.ts";
import { Execution } from "./execution.ts";
import { unpack } from "./payloads.ts";
import { tokensOf } from "./tokens.ts";
import { placeUnreadable, UnreadableError } from "./unreadable.ts";

type Journal = Pick<Loaded, "checkpoints" | "facts">;

export interface Replayed {
  readonly execution: Execution;
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

/** Position of the last entry. */
export function lastSeqOf({ checkpoints }: Journal): number {
  const last = checkpoints.at(-1);
  return last === undefined ? 0 : last.first + last.entries.length - 1;
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

/** Replays entries up to the position `until`. A divergence is left in `execution.fault`. */
export async function replay(
  engine: Engine,
  run: Run,
  journal: Journal,
  until = Number.POSITIVE_INFINITY,
): Promise<Replayed> {
  const { ports } = engine;
  const execution = new Execution({
    workflow: workflowOf(engine, run),
    run,
    input: await placeUnreadable(`Run ${run.runId}, its input`, () => inputOf(engine, run, journal.facts)),
    turn: () => ports.clock.turn(),
    log: ports.log.with({ run: run.runId, workflow: run.workflow }),
    tokens: tokensOf(engine, run.runId),
  });
  const entries = entriesOf(journal);
  execution.live = entries.length === 0;
  execution.versions.isAtEnd = entries.length === 0;
  for (const entry of entries) if (entry.type === "run.version_marked") execution.versions.noteMark(entry);
  await execution.start();
  for (const [i, entry] of entries.entries()) {
    const seq = i + 1;
    if (seq > until || execution.fault !== undefined) break;
    execution.versions.isAtEnd = seq === entries.length;
    await deliverEntry(engine, execution, seq, entry);
  }
  execution.live = true;
  execution.versions.isAtEnd = true;
  return { execution, lastSeq: entries.length };
}

/** C1: a terminal entry is the last, so it is never delivered. */
export async function deliverEntry(
  engine: Engine,
  execution: Execution,
  seq: number,
  entry: Entry,
): Promise<void> {
  if (isTerminal(entry)) {
    const what = `The journal of run ${execution.run.runId} goes on after its end at position ${seq}.`;
    execution.fault ??= new UnreadableError("E_CORRUPT", what);
    return;
  }
  if (isRunEntry(entry)) {
    await execution.deliverToRun(entry);
    return;
  }
  const place = `Run ${execution.run.runId}, entry ${seq} (${entry.type} "${entry.id}")`;
  await execution.deliver(seq, entry, await placeUnreadable(place, () => entryValue(engine, entry)));
}

async function entryValue({ ports }: Engine, entry: CallEntry): Promise<unknown> {
  // Why an attempt is tried again concerns nobody but the reader of the journal.
  if ("failure" in entry && entry.type !== "step.retrying")
    return await unpack(entry.failure.error, ports.blobs);
  return "value" in entry ? await unpack(entry.value, ports.blobs) : undefined;
}

async function inputOf({ ports }: Engine, run: Run, facts: readonly Fact[]): Promise<unknown> {
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
