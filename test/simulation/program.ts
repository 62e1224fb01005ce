// What is simulated, drawn from a seed: a workflow, how often and where it runs, what the outside does to its runs and
// when. Plain data. Nothing here knows of faults.
import { shortDigest } from "../../lib/engine/digest.ts";
import { AWS_SETTINGS, LOCAL_SETTINGS, type Settings } from "../../lib/engine/index.ts";
import type { Context } from "../../lib/sdk/context.ts";
import { type AnyWorkflow, workflow } from "../../lib/sdk/workflow.ts";
import { Chance } from "./chance.ts";
import { BRIEF_KINDS, drawBounds, drawFlow, FLOW_CONTROL, type Flow, flowControlIn } from "./flow.ts";
import { fail } from "./group-primitives.ts";
import {
  type Action,
  type AnyNode,
  bulk,
  type Ending,
  ExpectedFailure,
  type Interpreter,
  instanceOf,
} from "./primitive.ts";
import { broken, drawRepair, type Repair, repairableOf } from "./repair.ts";
import { isSummons } from "./run-actions.ts";
import { drawTimetable, longestMsOfTimetable, SCHEDULES, type Timetable } from "./timetable.ts";
import {
  ALL_KINDS,
  ANEW,
  drawActions,
  drawNode,
  drawRunActions,
  expectNode,
  holds,
  LATER,
  longestMsOf,
  needsSweeper,
  outsideOf,
  runNode,
} from "./vocabulary.ts";

export const WORKFLOW = "simulated";
/** Runs as the last step of code that does not fit the code before it. */
export const EPILOGUE = "epilogue";
/** Who stands in line looks every few seconds: days of that are the same again and again, for minutes of a play. */
const LONGEST_IN_LINE_MS = 6 * 3_600_000;
const DEPTH = 2;
const LISTS_AT_MS = [500, 3_000, 40_000, 700_000, 10_000_000];

export interface Program {
  readonly seed: number;
  readonly root: AnyNode;
  /** Runs of the workflow, side by side. */
  readonly runs: number;
  /** How often the code of each begins, the first time included (`ctx.continueAsNew`). */
  readonly generations: number;
  readonly isInputLarge: boolean;
  readonly actions: readonly Action[];
  /** When somebody looks at the list of runs. */
  readonly lists: readonly number[];
  /** It meets hundreds of faults instead of a few. */
  readonly isDense: boolean;
  readonly place: "aws" | "local";
  /** Invocations end after this long. */
  readonly invocationMs?: number;
  readonly runTimeoutMs?: number;
  /** Its runs are started to begin so long after. */
  readonly laterMs?: number;
  /** What bounds its runs. */
  readonly flow?: Flow;
  /** A schedule that starts runs of the workflow beside those of the program. */
  readonly timetable?: Timetable;
  /** It fails, and its runs are taken up by others. */
  readonly repair?: Repair;
  /** Without it the protocol must hold by itself. */
  readonly hasSweeper: boolean;
}

/** What a run is started with. `node` is the program's root when absent. */
export interface Input {
  readonly label: string;
  readonly node?: AnyNode;
  readonly padding: string;
  /** The first when absent. */
  readonly generation?: number;
}

/** Which code a process runs. */
export interface Code {
  /** From 1 on. */
  readonly version: number;
  /** It ends with a step that older code does not have. */
  readonly hasEpilogue: boolean;
}

/** `kinds`: of nodes and actions it may be made of. */
export function drawProgram(seed: number, kinds: readonly string[] = ALL_KINDS): Program {
  const repair = drawRepair(seed, kinds);
  // Who stands in line, comes later or begins anew is not repaired.
  return repair === undefined ? drawFrom(seed, kinds) : drawFrom(seed, repairableOf(kinds), repair);
}

function drawFrom(seed: number, kinds: readonly string[], repair?: Repair): Program {
  const chance = new Chance(seed, "program");
  const ofRuns = new Chance(seed, "run actions");
  let names = 0;
  const newName = () => {
    names += 1;
    return `n${names}`;
  };
  const isDense = chance.happens(0.5);
  const length = isDense ? chance.int(2, 6) : chance.int(1, 3);
  const bounds = kinds.includes(FLOW_CONTROL) ? drawBounds(seed) : "none";
  const isBrief = bounds === "brief";
  const inner = isBrief
    ? [drawNode(chance, newName, 0, BRIEF_KINDS)]
    : Array.from({ length }, () => drawNode(chance, newName, DEPTH, kinds));
  const here = { chance, newName, drawInner: undefined, drawAlone: undefined };
  const failing = fail.draw(here);
  const doesFail =
    chance.happens(0.1) || (inner.some((node) => holds(node, "booking")) && chance.happens(0.4));
  const end = repair === undefined ? (doesFail ? failing : undefined) : broken.draw(here);
  const root = { kind: "sequence", inner: end === undefined ? inner : [...inner, end] };
  const made = { isBrief, hasChildren: holds(root, "child"), doesNudge: holds(root, "nudge") };
  const isLong = longestMsOf(root) > LONGEST_IN_LINE_MS;
  const flow = bounds === "none" || isLong ? undefined : drawFlow(seed, made);
  const few = chance.happens(isDense ? 0.5 : 0.2) ? chance.int(2, 3) : 1;
  const runs = flow?.startsAtMs.length ?? few;
  const generations = drawGenerations(seed, kinds);
  // Runs of a schedule have no number, which keys of limiters are made of.
  const timetable =
    flow === undefined && kinds.includes(SCHEDULES) ? drawTimetable(seed, drawBrief) : undefined;
  const roots = Array.from({ length: generations }, (_, nth) => instanceOf(root, "g", nth));
  const program: Program = {
    seed,
    root,
    runs,
    generations,
    isDense,
    actions: Array.from({ length: runs }, (_, run) => [
      ...drawActions(roots, chance, run),
      ...drawRunActions(ofRuns, run, kinds),
    ]).flat(),
    lists: chance.happens(0.2) ? [chance.pick(LISTS_AT_MS), chance.pick(LISTS_AT_MS)] : [],
    isInputLarge: chance.happens(0.1),
    place: chance.happens(0.6) ? "aws" : "local",
    // Who waits for his time is in no line.
    ...(flow === undefined ? drawLater(seed, kinds) : { flow }),
    ...(timetable === undefined ? {} : { timetable }),
    ...(repair === undefined ? {} : { repair }),
    // Who stands in line looks by himself, through the sweeper; and a schedule that is deleted may have made a run.
    hasSweeper: chance.happens(0.6) || needsSweeper(root) || flow !== undefined || timetable !== undefined,
    ...(chance.happens(0.35) ? { invocationMs: chance.pick([31_000, 33_000, 40_000, 70_000]) } : {}),
    ...(chance.happens(0.08) ? { runTimeoutMs: chance.pick([5_000, 600_000, 3_000_000, 100_000_000]) } : {}),
  };
  // Whoever is to come later, or through a limiter's door, comes with a start of his own.
  const mayBeSummoned = program.flow === undefined && program.laterMs === undefined;
  if (!mayBeSummoned)
    return withSweeper({ ...program, actions: program.actions.filter((action) => !isSummons(action)) });
  return withSweeper(program);
}

function withSweeper(program: Program): Program {
  return mayGiveUp(program) ? { ...program, hasSweeper: true } : program;
}

/** Of a run that nobody outside has a part in. */
function drawBrief(chance: Chance, newName: () => string): AnyNode {
  return drawNode(chance, newName, 0, BRIEF_KINDS);
}

function drawLater(seed: number, kinds: readonly string[]): Pick<Program, "laterMs"> {
  const chance = new Chance(seed, "later");
  return kinds.includes(LATER) && chance.happens(0.08) ? { laterMs: chance.pick(LATER_MS) } : {};
}

function drawGenerations(seed: number, kinds: readonly string[]): number {
  const chance = new Chance(seed, "generations");
  return kinds.includes(ANEW) && chance.happens(0.15) ? chance.int(2, 3) : 1;
}

/** A run that is given up may have made a child and died before it sent the message, and never learn of it. */
function mayGiveUp({ root, actions, runTimeoutMs, generations }: Program): boolean {
  const isEnded = actions.some(({ by }) => by === "cancel" || by === "terminate");
  const isLeft = ["race", "fail", "duel", "batch", "branches", "loop"].some((kind) => holds(root, kind));
  return holds(root, "child") && (isEnded || isLeft || generations > 1 || runTimeoutMs !== undefined);
}

export function settingsOf({ place }: Program): Settings {
  return place === "aws" ? AWS_SETTINGS : LOCAL_SETTINGS;
}

export function inputOf({ isInputLarge }: Program, label: string, node?: AnyNode): Input {
  return { label, padding: isInputLarge ? bulk(label) : "", ...(node === undefined ? {} : { node }) };
}

/** Of runs that are to begin later, ms: far enough for a timer of the scheduler, or near. */
const LATER_MS = [20_000, 60_000, 4_000_000];

export function labelOf(run: number): string {
  return `run ${run}`;
}

export function runIdOf(run: number): string {
  return `run_${shortDigest(JSON.stringify([WORKFLOW, keyOf(run)]))}`;
}

export function keyOf(run: number): string {
  return `key of run ${run}`;
}

/** How a run may end when nothing goes wrong, given what was done to it. */
export function endingsOf(program: Program, input: Input, done: readonly Action[]): readonly Ending[] {
  const byActions = done.flatMap((action) => outsideOf(action).mayEnd?.([action]) ?? []);
  const byTime: Ending[] = program.runTimeoutMs === undefined ? [] : [{ status: "timed_out" }];
  // Whether a newer run has really come, the rules of flow control say.
  const byNewer: Ending[] =
    program.flow?.singleton?.onConflict === "cancel-other" ? [{ status: "cancelled" }] : [];
  const { node, label } = input;
  const own =
    node === undefined ? ownEnding(program.root, label, program.generations) : ownEnding(node, label);
  return [own, ...byActions, ...byTime, ...byNewer];
}

/** Code that does not fail begins again as often as it is to. */
function ownEnding(root: AnyNode, label: string, generations = 1): Ending {
  try {
    const values = Array.from({ length: generations }, (_, nth) =>
      expectNode(instanceOf(root, "g", nth), labelOfGeneration(label, nth + 1)),
    );
    return { status: "succeeded", value: values.at(-1) };
  } catch (error) {
    if (!(error instanceof ExpectedFailure)) throw error;
    return { status: "failed", message: error.message };
  }
}

export function labelOfGeneration(label: string, generation: number): string {
  return generation === 1 ? label : `${label} generation ${generation}`;
}

/** When somebody starts a run of those side by side, after the start of the simulation. */
export function startMsOf({ flow, actions }: Program, run: number): number {
  const summons = actions.filter(isSummons).find((action) => action.run === run);
  return flow?.startsAtMs[run] ?? summons?.startMs ?? 0;
}

/** Longest all of it may take without a fault, ms. */
export function longestMs({
  root,
  actions,
  generations,
  laterMs = 0,
  flow,
  timetable,
  repair,
}: Program): number {
  const acted = Math.max(0, ...actions.map(({ atMs, lastsMs = 0 }) => atMs + lastsMs));
  const started = Math.max(0, ...actions.filter(isSummons).map(({ startMs }) => startMs));
  const begun = repair === undefined ? generations : 2;
  const one = started + begun * longestMsOf(root) + laterMs + acted;
  if (timetable !== undefined) return one + longestMsOfTimetable(timetable, longestMsOf(timetable.node));
  if (flow === undefined) return one;
  // One after the other, and each may have started another one.
  const { startsAtMs, rate } = flow;
  return 2 * startsAtMs.length * (one + (rate?.perMs ?? 0)) + Math.max(...startsAtMs);
}

/** What a program's code is told by the process it runs in. */
export type Runner = Pick<Interpreter, "pause" | "hands"> & {
  readonly begin: (runId: string, ...attempt: Parameters<Interpreter["begin"]>) => void;
  /** The code has thrown. */
  readonly failed: (runId: string) => void;
  readonly complain: (runId: string, what: string) => void;
  readonly handOut: (runId: string, ...tokens: Parameters<Interpreter["handOut"]>) => void;
};

export function workflowOf(
  program: Program,
  { version, hasEpilogue }: Code,
  { begin, failed, complain, pause, hands, handOut }: Runner,
): AnyWorkflow {
  const timeout = program.runTimeoutMs === undefined ? {} : { timeout: program.runTimeoutMs };
  const own: AnyWorkflow = workflow(
    WORKFLOW,
    { ...timeout, ...flowControlIn(program.flow, version), version: String(version) },
    async (ctx, given) => {
      const input = given as Input;
      const { node, generation = 1 } = input;
      const generations = node === undefined ? program.generations : 1;
      const drawn: unknown[] = [];
      const inScope = (
        scope: Context,
        prefix: string,
        { label, remember }: Pick<Interpreter, "label" | "remember">,
      ): Interpreter => {
        const at: Interpreter = {
          ...common,
          ctx: scope,
          prefix,
          label,
          remember,
          run: async (inner) => await runNode(inner, at),
          expect: (inner, of = label) => expectNode(inner, of),
          begin: (attempt) => begin(ctx.runId, { ...attempt, generation, id: `${prefix}${attempt.id}` }),
          within: (inner, part, its = {}) => inScope(inner, `${prefix}${part}`, { label, remember, ...its }),
        };
        return at;
      };
      const common = {
        generation,
        version,
        isChanged: hasEpilogue,
        family: (inner: AnyNode, of: string) => ({ workflow: own, input: inputOf(program, of, inner) }),
        hasTimeout: program.runTimeoutMs !== undefined,
        pause,
        handOut: (...tokens: Parameters<Interpreter["handOut"]>) => handOut(ctx.runId, ...tokens),
        complain: (what: string) => complain(ctx.runId, what),
        actions: program.actions.filter(({ run }) => labelOf(run) === input.label),
        hands,
      };
      const label = labelOfGeneration(input.label, generation);
      const at = inScope(ctx, "", { label, remember: (value) => drawn.push(value) });
      const body = async () => {
        const value = await at.run(node ?? instanceOf(program.root, "g", generation - 1));
        if (generation < generations) await ctx.continueAsNew({ ...input, generation: generation + 1 });
        // Not when it fails: what is being undone then has no place for it.
        if (hasEpilogue) await ctx.step(EPILOGUE, () => "over");
        return value;
      };
      const value = await body().catch((error: unknown) => {
        failed(ctx.runId);
        throw error;
      });
      // What goes on behind the end must not change what it came to.
      return { value, drawn: [...drawn] };
    },
  );
  return own;
}
