// What is simulated, drawn from a seed: a workflow, how often and where it runs, and which signals are sent to it when.
// Nothing here knows of faults.
import { AWS_SETTINGS, LOCAL_SETTINGS, type Settings } from "../../lib/engine/index.ts";
import { type AnyWorkflow, workflow } from "../../lib/sdk/workflow.ts";
import { Chance } from "./chance.ts";
import { type AnyNode, bulk, type Interpreter } from "./primitive.ts";
import { allOf, drawNode, expectNode, longestMsOf, runNode } from "./vocabulary.ts";
import { SIGNALS, type SignalNode } from "./wait-primitives.ts";

export const WORKFLOW = "simulated";
const DEPTH = 2;
const SIGNALS_AT_MS = [0, 1, 100, 1_000, 5_000, 60_000, 600_000, 1_000_000, 5_000_000, 100_000_000];

export interface SentSignal {
  /** After the start of the simulation. */
  readonly atMs: number;
  readonly run: number;
  readonly name: string;
  readonly payload: unknown;
  readonly idempotencyKey: string;
}

export interface Program {
  readonly seed: number;
  readonly root: AnyNode;
  readonly ends: "returns" | "throws";
  /** Runs of the workflow, side by side. */
  readonly runs: number;
  readonly isInputLarge: boolean;
  readonly signals: readonly SentSignal[];
  readonly place: "aws" | "local";
  /** Invocations end after this long. */
  readonly invocationMs?: number;
  readonly runTimeoutMs?: number;
  /** Without it the protocol must hold by itself. */
  readonly hasSweeper: boolean;
}

export function drawProgram(seed: number): Program {
  const chance = new Chance(seed, "program");
  let names = 0;
  const newName = () => {
    names += 1;
    return `n${names}`;
  };
  const inner = Array.from({ length: chance.int(1, 3) }, () => drawNode(chance, newName, DEPTH));
  const root = { kind: "sequence", inner };
  const runs = chance.happens(0.2) ? chance.int(2, 3) : 1;
  return {
    seed,
    root,
    runs,
    signals: Array.from({ length: runs }, (_, run) => drawSignals(chance, root, run)).flat(),
    ends: chance.happens(0.1) ? "throws" : "returns",
    isInputLarge: chance.happens(0.1),
    place: chance.happens(0.6) ? "aws" : "local",
    hasSweeper: chance.happens(0.6),
    ...(chance.happens(0.35) ? { invocationMs: chance.pick([31_000, 33_000, 40_000, 70_000]) } : {}),
    ...(chance.happens(0.08) ? { runTimeoutMs: chance.pick([5_000, 600_000, 3_000_000, 100_000_000]) } : {}),
  };
}

/** As many as the workflow may wait for, now and then one too many; some are sent twice, as a client does that was not answered. */
function drawSignals(chance: Chance, root: AnyNode, run: number): SentSignal[] {
  const waits = allOf(root).filter((node): node is SignalNode => node.kind === "signal");
  return SIGNALS.flatMap((name) => {
    const wanted = waits.filter((wait) => wait.signal === name).length;
    const count = wanted + (chance.happens(wanted === 0 ? 0.1 : 0.2) ? 1 : 0);
    return Array.from({ length: count }, (_, i) => {
      const idempotencyKey = `${name}${i}`;
      const payload = chance.happens(0.1) ? bulk(`${run} ${idempotencyKey}`) : { run, name, i };
      const sent = {
        atMs: chance.pick(SIGNALS_AT_MS) + chance.int(0, 3_000),
        run,
        name,
        payload,
        idempotencyKey,
      };
      if (!chance.happens(0.25)) return [sent];
      return [sent, { ...sent, atMs: sent.atMs + chance.pick([0, 10, 5_000, 2_000_000]) }];
    }).flat();
  });
}

export function settingsOf({ place }: Program): Settings {
  return place === "aws" ? AWS_SETTINGS : LOCAL_SETTINGS;
}

export function labelOf(run: number): string {
  return `run ${run}`;
}

export function inputOf({ isInputLarge }: Program, run: number): unknown {
  return { run, padding: isInputLarge ? bulk(labelOf(run)) : "" };
}

/** The value of a run, or the message of its error, when nothing goes wrong. */
export function expectedOf(program: Program, run: number): unknown {
  const value = expectNode(program.root, labelOf(run));
  return program.ends === "throws" ? lastWords(value) : value;
}

/** Longest all of it may take without a fault, ms. */
export function longestMs({ root, signals }: Program): number {
  return longestMsOf(root) + Math.max(0, ...signals.map(({ atMs }) => atMs));
}

/** What a program's code is told by the process it runs in. */
export type Runner = Pick<Interpreter, "pause"> & {
  readonly begin: (runId: string, ...attempt: Parameters<Interpreter["begin"]>) => void;
  readonly complain: (runId: string, what: string) => void;
};

export function workflowOf(program: Program, runner: Runner): AnyWorkflow {
  const options = program.runTimeoutMs === undefined ? {} : { timeout: program.runTimeoutMs };
  return workflow(WORKFLOW, options, async (ctx, input) => {
    const { run } = input as { readonly run: number };
    const label = labelOf(run);
    const drawn: unknown[] = [];
    const at: Interpreter = {
      ctx,
      label,
      run: async (node) => await runNode(node, at),
      expect: (node) => expectNode(node, label),
      begin: (attempt) => runner.begin(ctx.runId, attempt),
      pause: runner.pause,
      remember: (value) => drawn.push(value),
      complain: (what) => runner.complain(ctx.runId, what),
      wasSent: (name, payload) =>
        program.signals.some(
          (sent) => sent.run === run && sent.name === name && isSame(sent.payload, payload),
        ),
    };
    const value = await at.run(program.root);
    if (program.ends === "throws") throw new Error(lastWords(value));
    return { value, drawn };
  });
}

function lastWords(value: unknown): string {
  return `ends with ${JSON.stringify(value)}`.slice(0, 1_000);
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
