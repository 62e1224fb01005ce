// Saved journals against the code as it is now: what a deployment of it would do to runs that were started by the code
// of before. Nothing runs but the workflows' own code: a step's body never does, because its result is in the journal.
//
// A run that has ended is replayed like one in flight, up to its last recorded call: what the code does after that is
// its own affair, because runs that stand there have not done it yet. What a run that goes on leaves out, turns of loops and
// beginnings of the code that have ended, is replayed, too, unless it is said otherwise: young runs have it still to do.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type AskedVersion, type Engine, replay, replayWhole } from "../engine/index.ts";
import { isTerminal } from "../ports/journal.ts";
import type { Run } from "../ports/run.ts";
import { ERROR_CODES, PerdureError } from "../sdk/errors.ts";
import type { AnyWorkflow } from "../sdk/workflow.ts";
import { Laboratory } from "./laboratory.ts";
import { type ReadJournal, readSavedJournal, type SavedJournal } from "./saved-journal.ts";
import { type ChangeReport, VersionTallies } from "./version-report.ts";

/** What `exportJournal` gave, or where it was written: a file, or a folder whose `.json` files are meant. */
export type JournalSource = SavedJournal | string | URL;

export interface ReplayOptions {
  /**
   * `whole`: all that is recorded. `needed`: what a run that goes on replays itself, so without turns of loops, and beginnings
   * of the code (`ctx.continueAsNew`), that have ended: what code must still know when nothing but live runs counts.
   *
   * @default "whole"
   */
  readonly history?: "whole" | "needed";
}

export interface ReplayReport {
  /** Journals that were replayed. */
  readonly journals: number;
  /** Entries that the code came to again. What was left out is not among them. */
  readonly entries: number;
  /** Changes that the code asks for (`ctx.version`): which of its branches these runs hold, and which can be deleted. */
  readonly changes: readonly ChangeReport[];
}

/**
 * Replays saved journals against the present code.
 *
 * @example
 * const { changes } = await replayAll([new URL("journals/", import.meta.url)], [order]);
 * // changes[0]: { change: "address check", from: 0, to: 2, oldestNeeded: 1, branches: [{ version: 1, live: 3, closed: 9 }] }
 * @throws E_NONDETERMINISM and what else would stall a run, for the first journal that it happens to, which it names
 * @throws E_CORRUPT for a journal that cannot be read, E_BAD_OPTION when there is none
 */
export async function replayAll(
  journals: Iterable<JournalSource>,
  workflows: readonly AnyWorkflow[],
  { history = "whole" }: ReplayOptions = {},
): Promise<ReplayReport> {
  const engine = new Laboratory(workflows).engine;
  const versions = new VersionTallies();
  let entries = 0;
  let count = 0;
  for (const source of journals) {
    for (const { place, saved } of open(source, count + 1)) {
      const journal = readSavedJournal(saved, place);
      const replayed = await replayOne(engine, journal, place, history);
      entries += replayed.delivered;
      versions.add(journal.workflow, journal.status, replayed.asked);
      count += 1;
    }
  }
  if (count === 0)
    throw new PerdureError("E_BAD_OPTION", "There is no journal to replay, so nothing was checked.");
  return { journals: count, entries, changes: versions.report() };
}

interface Replayed {
  readonly delivered: number;
  readonly asked: ReadonlyMap<string, AskedVersion>;
}

async function replayOne(
  engine: Engine,
  journal: ReadJournal,
  place: string,
  history: NonNullable<ReplayOptions["history"]>,
): Promise<Replayed> {
  const run = runOf(journal);
  const loaded = { checkpoints: journal.checkpoints, facts: [] };
  const entries = journal.checkpoints.flatMap((checkpoint) => checkpoint.entries);
  const last = entries.filter((entry) => !isTerminal(entry)).length;
  try {
    const { execution, delivered } =
      history === "whole"
        ? await replayWhole(engine, run, loaded)
        : await replay(engine, run, loaded, last).then(({ execution: e }) => ({
            execution: e,
            delivered: e.turn,
          }));
    const { calls, end, fault, versions } = execution;
    if (fault !== undefined) throw fault;
    const isOver = end.outcome !== undefined || end.continuation !== undefined;
    if (!isOver && !calls.anyOpen) throw foreignAwait(journal.runId);
    return { delivered, asked: versions.asked };
  } catch (error) {
    if (!(error instanceof PerdureError)) throw error;
    throw new PerdureError(error.code, `Saved journal ${place}: ${whatOf(error)}`, { cause: error });
  }
}

function foreignAwait(runId: string): PerdureError {
  const what = `Run ${runId} waits for something that is not recorded: none of its steps, sleeps or signals is open.`;
  return new PerdureError("E_FOREIGN_AWAIT", what);
}

/** The run as it was when nobody had worked on it yet. */
function runOf(journal: ReadJournal): Run {
  const { runId, workflow, workflowVersion, behaviour, createdAt, startAt, scheduled, input } = journal;
  return {
    runId,
    workflow,
    version: workflowVersion,
    status: "pending",
    input: { payload: input },
    inputHash: "",
    createdAt,
    ...(startAt === undefined ? {} : { startAt }),
    ...(scheduled === undefined ? {} : { scheduled }),
    behaviour,
    fence: 0,
    wake: 1,
    handled: 0,
    fails: 0,
    lastSeq: 0,
    waits: [],
  };
}

/** Without the code in front and the advice at the end, which the new error has by itself. */
function whatOf({ code, message }: PerdureError): string {
  return message.slice(`${code}  `.length, -` ${ERROR_CODES[code]}`.length);
}

function* open(source: JournalSource, number: number): Iterable<{ place: string; saved: unknown }> {
  if (typeof source === "object" && !(source instanceof URL)) {
    yield { place: `${number} (${source.runId})`, saved: source };
    return;
  }
  const path = source instanceof URL ? fileURLToPath(source) : source;
  const isFolder = statSync(path).isDirectory();
  const files = isFolder ? readdirSync(path).filter((file) => file.endsWith(".json")) : [""];
  for (const file of files.toSorted()) {
    const place = join(path, file);
    yield { place, saved: parse(readFileSync(place, "utf8"), place) };
  }
}

function parse(text: string, place: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new PerdureError("E_CORRUPT", `Saved journal ${place} is not JSON.`, { cause });
  }
}
