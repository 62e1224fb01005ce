// One play: a program from start to end under a schedule of faults. Answers what happened and what was violated.
import { isClosed } from "../../lib/ports/run.ts";
import type { Store } from "../../lib/ports/store.ts";
import { reviveAs, signalAs, startAs } from "./client.ts";
import type { Fault } from "./fault.ts";
import { longestMs, type Program } from "./program.ts";
import { judge } from "./verdict.ts";
import { World } from "./world.ts";

/** Each fault may cost a day: that is how far ahead the sweeper looks at a run that waits for the outside. */
const GRACE_MS = 26 * 3_600_000;
/** What lies about when all runs are closed is gone after this: the longest delay, and the latest signal. */
const CLEAN_UP_MS = 10 * 24 * 3_600_000;
/** A run stalls for want of progress only after this many deaths of its processes. */
const FAULTS_THAT_EXPLAIN_A_STALL = 5;
const EXPLAINED_STALLS: readonly (string | undefined)[] = ["E_POISON", "E_DEAD_LETTER"];

export interface PlayOptions {
  readonly schedule?: readonly Fault[];
  readonly doesKeepTrace?: boolean;
  readonly plant?: ((store: Store) => Store) | undefined;
}

export interface Play {
  readonly violations: readonly string[];
  readonly happened: readonly Fault[];
  readonly hash: string;
  readonly calls: number;
  readonly activations: number;
  /** What should happen now and then, by name. */
  readonly sights: Readonly<Record<string, number>>;
  readonly lines: readonly string[];
}

export async function play(program: Program, options: PlayOptions = {}): Promise<Play> {
  const { schedule = [], doesKeepTrace = false, plant } = options;
  const world = new World(program, { schedule, doesKeepTrace, ...(plant === undefined ? {} : { plant }) });
  await perform(world, program, schedule).catch((error: unknown) =>
    world.complain(`the simulation broke: ${error instanceof Error ? error.stack : String(error)}`),
  );
  const { journalRules, wakeRules } = world;
  return {
    violations: world.violations,
    happened: world.course.happened,
    hash: world.trace.digest(),
    calls: world.course.calls,
    activations: world.counts.activations,
    lines: world.trace.lines,
    sights: {
      "hand-offs": wakeRules.handOffs,
      "suspensions refused": wakeRules.woken,
      "owners replaced": journalRules.replaced,
      "late entries adopted": journalRules.adopted,
      "bodies of zombies": journalRules.zombieBodies,
      "runs woken by the sweeper": world.counts.swept,
      "dead letters": world.counts.deadLetters,
      "stalled and revived": wakeRules.revived,
    },
  };
}

async function perform(world: World, program: Program, schedule: readonly Fault[]): Promise<void> {
  const { clock } = world.outside;
  const graceMs = schedule.reduce((total, { ms }) => total + ms + GRACE_MS, GRACE_MS);
  const deadline = clock.now() + longestMs(program) + graceMs;
  const starts = Array.from({ length: program.runs }, async (_, run) => await startAs(world, program, run));
  const accepted = new Map<number, Set<string>>();
  for (const sent of program.signals) {
    void (async () => {
      await clock.sleep(sent.atMs);
      const runId = await starts[sent.run];
      if (runId === undefined || !(await signalAs(world, runId, sent))) return;
      accepted.set(sent.run, (accepted.get(sent.run) ?? new Set()).add(sent.idempotencyKey));
    })();
  }
  await untilClosed(world, program, deadline);
  if (world.violations.length > 0) return;
  // Nothing may be left: no message, no timer, nobody asleep.
  await world.until(async () => world.outside.nextAt() === undefined, clock.now() + CLEAN_UP_MS);
  world.course.stop();
  await world.until(async () => world.outside.nextAt() === undefined, clock.now() + CLEAN_UP_MS);
  if (world.violations.length === 0 && world.outside.nextAt() !== undefined)
    world.complain("something is left that never goes away");
  for (const [run, runId] of (await Promise.all(starts)).entries())
    await judge(world, program, run, runId, accepted.get(run)?.size ?? 0);
}

/** Liveness: every run is closed, or stalled for a reason that the faults explain; then a person revives it. */
async function untilClosed(world: World, program: Program, deadline: number): Promise<void> {
  const reviving = new Set<string>();
  const areAllClosed = async () => {
    let closed = 0;
    for (const runId of world.runIds) {
      const { status, stalled } = await world.run(runId);
      if (isClosed(status)) closed += 1;
      if (status !== "stalled" || reviving.has(runId)) continue;
      const isExplained =
        EXPLAINED_STALLS.includes(stalled?.code) &&
        world.course.happened.length >= FAULTS_THAT_EXPLAIN_A_STALL;
      if (!isExplained) world.complain(`${runId}: stalled: ${stalled?.code} ${stalled?.message}`);
      reviving.add(runId);
      void reviveAs(world, runId).finally(() => reviving.delete(runId));
    }
    return closed === program.runs;
  };
  if (await world.until(areAllClosed, deadline)) return;
  for (const runId of world.runIds) {
    const { status } = await world.run(runId);
    if (!isClosed(status)) world.complain(`W1: ${runId} is ${status} and nothing brings it on`);
  }
  if (world.runIds.length < program.runs) world.complain("a start was never answered");
}
