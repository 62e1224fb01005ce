// One play: a program from start to end under a schedule of faults. Answers what happened and what was violated.

import type { Ports } from "../../lib/ports/ports.ts";
import { isClosed } from "../../lib/ports/run.ts";
import { actAs, listAs, repairAs, resumeAs, reviveAs, startAs } from "./client.ts";
import type { Fault } from "./fault.ts";
import type { Action } from "./primitive.ts";
import { longestMs, type Program, runIdOf, startMsOf } from "./program.ts";
import { isSummons } from "./run-actions.ts";
import type { Sight } from "./sights.ts";
import { followTimetable } from "./timetable-client.ts";
import { judge } from "./verdict.ts";
import { World } from "./world.ts";

/** What the last faults have left may cost some days: that is how far ahead the sweeper looks at a run that waits for the outside. */
const GRACE_MS = 4 * 26 * 3_600_000;
/** What lies about when all runs are closed is gone after this: the longest delay, and the latest signal. */
const CLEAN_UP_MS = 10 * 24 * 3_600_000;
/** A run stalls for want of progress only after this many deaths of its processes. */
const FAULTS_THAT_EXPLAIN_A_STALL = 5;
const EXPLAINED_STALLS: readonly (string | undefined)[] = ["E_POISON", "E_DEAD_LETTER"];

export interface PlayOptions {
  /** In the order of its calls. */
  readonly schedule?: readonly Fault[];
  readonly doesKeepTrace?: boolean;
  readonly plant?: ((ports: Ports) => Ports) | undefined;
}

export interface Play {
  readonly violations: readonly string[];
  readonly happened: readonly Fault[];
  readonly hash: string;
  readonly runs: number;
  readonly calls: number;
  readonly activations: number;
  /** What should happen now and then. */
  readonly sights: Readonly<Record<Sight, number>>;
  readonly lines: readonly string[];
}

export async function play(program: Program, options: PlayOptions = {}): Promise<Play> {
  const { schedule = [], doesKeepTrace = false, plant } = options;
  const world = new World(program, { schedule, doesKeepTrace, ...(plant === undefined ? {} : { plant }) });
  await perform(world, program).catch((error: unknown) =>
    world.complain(`the simulation broke: ${error instanceof Error ? error.stack : String(error)}`),
  );
  return {
    violations: world.violations,
    happened: world.course.happened,
    hash: world.trace.digest(),
    runs: world.runIds.length,
    calls: world.course.calls,
    activations: world.activations,
    lines: world.trace.lines,
    sights: world.sights.counts,
  };
}

async function perform(world: World, program: Program): Promise<void> {
  const { clock } = world.outside;
  const longest = longestMs(program);
  const starts = Array.from({ length: program.runs }, async (_, run) => {
    const atMs = startMsOf(program, run);
    if (atMs > 0) await clock.sleep(atMs);
    return await startAs(world, program, run);
  });
  const ids: string[] = [];
  for (const [run, start] of starts.entries())
    void start.then((runId) => {
      ids[run] = runId;
    });
  const accepted: Action[] = [];
  for (const action of program.actions) {
    void (async () => {
      await clock.sleep(action.atMs);
      const runId = runIdOf(action.run);
      if (isSummons(action)) {
        if (await actAs(world, program, runId, action)) accepted.push(action);
        return;
      }
      // It may be there although somebody was answered with another one: made by an earlier try of his.
      if ((await starts[action.run]) !== runId) await world.flowRules.members.made(runId);
      if (await actAs(world, program, runId, action)) accepted.push(action);
    })();
  }
  for (const atMs of program.lists) void clock.sleep(atMs).then(async () => await listAs(world));
  const { timetable } = program;
  let isFollowed = timetable === undefined;
  if (timetable !== undefined)
    void followTimetable(world, program, timetable).then(() => {
      isFollowed = true;
    });
  const areAllStarted = () => isFollowed && Object.keys(ids).length === program.runs;
  await untilClosed(world, program, areAllStarted, () => world.lastFaultAt + longest + GRACE_MS);
  if (world.violations.length > 0) return;
  // Nothing may be left: no message, no timer, nobody asleep.
  const isNothingLeft = async () => world.outside.nextAt() === undefined;
  const cleanAt = clock.now() + CLEAN_UP_MS;
  await world.until(isNothingLeft, () => cleanAt);
  world.course.stop();
  await world.until(isNothingLeft, () => cleanAt + CLEAN_UP_MS);
  // A start that somebody gave up may have been applied only now.
  const now = clock.now();
  await untilClosed(world, program, areAllStarted, () => now + longest + GRACE_MS);
  await world.until(isNothingLeft, () => clock.now() + CLEAN_UP_MS);
  if (world.violations.length === 0 && world.outside.nextAt() !== undefined)
    world.complain("something is left that never goes away");
  world.familyRules.judge();
  world.txRules.judge();
  world.flowRules.judge();
  for (const runId of world.runIds) {
    const own = accepted.filter(({ run }) => runIdOf(run) === runId);
    await judge(world, program, runId, own);
    world.repairRules.judge(runId, (await world.outside.ports.store.journal.load(runId)).checkpoints);
  }
}

/** Liveness: every run is closed, or stalled for a reason that the faults explain; then a person revives it. */
async function untilClosed(
  world: World,
  program: Program,
  areAllStarted: () => boolean,
  deadline: () => number,
): Promise<void> {
  const numbered = Array.from({ length: program.runs }, (_, run) => runIdOf(run));
  const reviving = new Set<string>();
  /** Faults that have explained an earlier stall of the run. */
  const explained = new Map<string, number>();
  const areAllClosed = async () => {
    let closed = 0;
    for (const runId of world.runIds) {
      const { status, stalled, paused } = await world.run(runId);
      const run = numbered.indexOf(runId);
      if (isClosed(status)) closed += 1;
      if (status === "failed" && run >= 0 && world.repairRules.isToRepair(runId))
        await repairAs(world, program, run, runId);
      if (paused === true && !world.endRules.holds.has(runId) && !reviving.has(runId)) {
        if (!world.course.has("timed out and applied later")) world.complain(`${runId}: nobody holds it`);
        reviving.add(runId);
        void resumeAs(world, runId).finally(() => reviving.delete(runId));
      }
      if (status !== "stalled" || reviving.has(runId)) continue;
      const faults = world.course.happened.length;
      const isExplained =
        EXPLAINED_STALLS.includes(stalled?.code) &&
        faults - (explained.get(runId) ?? 0) >= FAULTS_THAT_EXPLAIN_A_STALL;
      if (!isExplained) world.complain(`${runId}: stalled: ${stalled?.code} ${stalled?.message}`);
      explained.set(runId, faults);
      reviving.add(runId);
      void reviveAs(world, runId).finally(() => reviving.delete(runId));
    }
    return areAllStarted() && world.repairRules.underWay === 0 && closed === world.runIds.length;
  };
  if (await world.until(areAllClosed, deadline)) return;
  for (const runId of world.runIds) {
    const { status } = await world.run(runId);
    if (!isClosed(status)) world.complain(`W1: ${runId} is ${status} and nothing brings it on`);
  }
  if (!areAllStarted()) world.complain("a start was never answered");
}
