// What must be true of one run when everything is over: the right value, what is stored without a fault, every signal
// delivered once, and each step's side effects in line with what was recorded of it.
import { unpack } from "../../lib/engine/index.ts";
import type { Entry } from "../../lib/ports/journal.ts";
import type { Loaded } from "../../lib/ports/store.ts";
import { faultsOf } from "../stored-run.ts";
import type { Job } from "./client.ts";
import type { Stay } from "./crowd.ts";
import type { Execution } from "./effects.ts";
import { familyFaults } from "./family.ts";
import type { Stored } from "./place.ts";
import { expectedOf, STEPS, signalsOf } from "./scenarios.ts";
import type { Effect } from "./workflows.ts";

export interface Evidence {
  readonly executions: readonly Execution[];
  /** Whether two owners at the same time explain that one execution came after another that was recorded. */
  readonly isExplained: (recorded: Execution, late: Execution) => boolean;
  /** What the outside was told that the run has taken. */
  readonly told?: readonly number[];
}

export interface Verdict {
  readonly faults: readonly string[];
  /** Side effects beyond one for each attempt that was recorded. */
  readonly repeats: number;
  /** Side effects after the recorded one that two owners at the same time explain. */
  readonly late: number;
  /** From its first side effect to that of its last step. */
  readonly stay?: Stay;
}

export async function judge(
  { store, blobs }: Stored,
  runId: string,
  job: Job,
  evidence: Evidence,
): Promise<Verdict> {
  const run = await store.runs.get(runId);
  if (run === undefined) return { faults: ["it is not in the store"], repeats: 0, late: 0 };
  const loaded = await store.journal.load(runId);
  const entries = loaded.checkpoints.flatMap((checkpoint) => checkpoint.entries);
  const recorded = await recordedOf(entries, blobs);
  const steps = judgeSteps(recorded, job, evidence);
  return {
    ...steps,
    ...stayOf(recorded, job, evidence),
    faults: [
      ...faultsOf(run, loaded),
      ...(await endFaults(entries.at(-1), job, evidence, blobs)),
      ...(job.scenario === "children" ? await familyFaults(store, loaded) : []),
      ...signalFaults(loaded, entries, job),
      ...steps.faults,
    ],
  };
}

async function endFaults(
  last: Entry | undefined,
  { scenario, n }: Job,
  { told }: Evidence,
  blobs: Stored["blobs"],
): Promise<readonly string[]> {
  if (scenario === "idler" && last?.type === "run.cancelled") return [];
  if (last?.type === "run.failed") return [`it failed: ${last.failure.message}`];
  if (last?.type !== "run.succeeded") return [`it ended with ${last?.type ?? "nothing"}`];
  const [value, expected] = [await unpack(last.value, blobs), expectedOf(scenario, n, told)];
  return value === expected ? [] : [`its value is ${JSON.stringify(value)} instead of ${expected}`];
}

function stayOf(
  recorded: readonly Recorded[],
  { n }: Job,
  { executions }: Evidence,
): { readonly stay?: Stay } {
  const end = recorded.find(({ step, isLast }) => step === "last" && isLast);
  const last = executions.find(({ execution }) => execution === end?.execution);
  if (last === undefined) return {};
  return { stay: { n, fromMs: Math.min(...executions.map(({ at }) => at)), toMs: last.at } };
}

function signalFaults({ facts }: Loaded, entries: readonly Entry[], { scenario, n }: Job): string[] {
  const sent = signalsOf(scenario, n).length;
  const stored = facts.filter(({ kind }) => kind === "signal").length;
  const delivered = entries.filter(({ type }) => type === "signal.received").length;
  if (stored === sent && delivered === sent) return [];
  return [`of ${sent} signals ${stored} are stored and ${delivered} were delivered`];
}

export interface Recorded {
  readonly step: string;
  readonly attempt: number;
  /** Nothing when a step handler was lost and nobody can say what it did. */
  readonly execution: string | undefined;
  readonly isLast: boolean;
}

async function recordedOf(entries: readonly Entry[], blobs: Stored["blobs"]): Promise<Recorded[]> {
  const recorded: Recorded[] = [];
  for (const entry of entries) {
    // A callback's own step records nothing of ours.
    if ("id" in entry && entry.id.endsWith("/submit")) continue;
    if (entry.type === "step.succeeded") {
      const { execution } = (await unpack(entry.value, blobs)) as Effect;
      recorded.push({ step: entry.id, attempt: entry.attempt, execution, isLast: true });
    } else if (entry.type === "step.retrying") {
      const execution = entry.failure.code === "E_STEP_LOST" ? undefined : entry.failure.message;
      recorded.push({ step: entry.id, attempt: entry.attempt, execution, isLast: false });
    }
  }
  return recorded;
}

/** Recorded is always the last execution of an attempt, and no attempt comes after a later one. */
export function judgeSteps(recorded: readonly Recorded[], { scenario }: Job, evidence: Evidence): Verdict {
  const faults: string[] = [];
  const succeeded = recorded.filter(({ isLast }) => isLast).map(({ step }) => step);
  // Told to end at any time.
  const due = scenario === "idler" ? succeeded : STEPS[scenario];
  const missing = due.filter((step) => !succeeded.includes(step));
  if (missing.length > 0 || succeeded.length !== due.length)
    faults.push(`steps ${succeeded.join(", ")} are recorded`);
  let late = 0;
  for (const { step, attempt, execution } of recorded) {
    if (execution === undefined) continue;
    const own = evidence.executions.filter((one) => one.step === step);
    const at = own.findIndex((one) => one.execution === execution && one.attempt === attempt);
    const last = own[at];
    if (last === undefined) {
      faults.push(`attempt ${attempt} of step ${step} is recorded and never happened`);
      continue;
    }
    for (const after of own.slice(at + 1).filter((one) => one.attempt <= attempt)) {
      if (evidence.isExplained(last, after)) late += 1;
      else faults.push(`attempt ${after.attempt} of step ${step} ran after attempt ${attempt} was recorded`);
    }
  }
  return { faults, late, repeats: evidence.executions.length - recorded.length };
}
