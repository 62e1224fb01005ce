// Ending a run whatever its state, without a word to its code: the fact first, so that whoever activates the run next ends
// it, then the end itself under a lease that is taken from whoever has it.
//
//   put I#terminate ──► wake ──► META: fence + 1, lease mine ──► terminal entry ──► family ──► META closed
//
// Dying anywhere in between only means that the next activation does the rest.
import type { Run } from "../ports/run.ts";
import { type EndRequest, openRun, putEndFact, readRun } from "./end-request.ts";
import type { Engine } from "./engine.ts";
import { JournalWriter, Overtaken } from "./journal-writer.ts";
import { LeaseLost } from "./lease.ts";
import { close } from "./leave.ts";
import { leftoversOf } from "./leftovers.ts";
import { Outgoing } from "./outgoing.ts";
import { endOf, lastSeqOf } from "./replay.ts";
import { type CancelFact, cancelledOutright } from "./terminal.ts";
import { wake } from "./wake.ts";

/** Times the slot may be taken by the owner that is just being replaced. */
const MAX_TRIES = 5;

/**
 * Ends a run at once, whatever its state.
 *
 * @throws E_RUN_NOT_FOUND, E_RUN_CLOSED, E_BAD_OPTION
 */
export async function terminateRun(engine: Engine, request: EndRequest): Promise<Run> {
  await openRun(engine, request);
  const fact = await putEndFact(engine, request, "terminate");
  await wake(engine, request.runId);
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    if (await endNow(engine, request.runId, fact)) break;
  }
  return await readRun(engine, request.runId);
}

/** Whether there is nothing left to do. */
async function endNow(engine: Engine, runId: string, fact: CancelFact): Promise<boolean> {
  const { store, clock, random } = engine.ports;
  const owner = random.id();
  const run = await store.runs.seize({ runId, owner, leaseUntil: clock.now() + engine.settings.leaseMs });
  if (run === undefined) return true;
  const journal = await store.journal.load(runId, run.folds);
  const ended = endOf(journal);
  const leftovers = leftoversOf(run, journal.checkpoints);
  const outgoing = new Outgoing(engine, run);
  outgoing.noteAll(journal.checkpoints);
  await outgoing.send();
  if (ended !== undefined)
    return (await close(engine, run, ended.terminal, ended.seq, leftovers)).kind === "left";
  const entry = await cancelledOutright(run, fact, engine, clock.now());
  const writer = new JournalWriter({
    engine,
    run,
    owner,
    next: lastSeqOf(journal) + 1,
    signal: new AbortController().signal,
  });
  try {
    return (await close(engine, run, entry, await writer.append([entry]), leftovers)).kind === "left";
  } catch (error) {
    if (error instanceof Overtaken || error instanceof LeaseLost) return false;
    throw error;
  }
}
