// Plays one golden workflow in the laboratory, with whatever happens at the calls of its processes and of the client who
// starts and signals it, and tells what came of it. What is stored in the end keeps its invariants, or this throws.
import type { AnyWorkflow, Context } from "perdure";
import { expect } from "vitest";
import { MemoryStore } from "../../lib/local/memory-store.ts";
import { isClosed } from "../../lib/ports/run.ts";
import { TransactingJournal } from "../../lib/testing/transacting-journal.ts";
import { wrapContext } from "../../lib/testing/wrap-context.ts";
import { checkInvariants } from "../engine/invariants.ts";
import { type Fate, Lab, type LabOptions, type PortCall } from "../engine/lab.ts";
import { Client } from "./client.ts";
import type { Golden, Outcome } from "./golden.ts";

export interface Plan {
  /** What becomes of a call of a process. @default everything goes on */
  readonly watch?: (call: PortCall) => Fate;
  /** What becomes of the client's call of this number, from 1. @default it goes on */
  readonly clientFate?: (count: number) => Fate;
  readonly lab?: LabOptions;
}

export interface Played {
  readonly outcome: Outcome;
  /** Every attempt of a step's body that began, by idempotency key and attempt. */
  readonly effects: readonly string[];
  /** Calls of the processes. */
  readonly calls: number;
  readonly clientCalls: number;
  readonly runId: string;
  readonly lab: Lab;
}

/**
 * After the end: long enough for everything late to come and to do nothing. That may be a timer of the longest wait, armed
 * by a process that died before META named it: it fires, finds the run closed and is gone.
 */
const AFTERMATH_MS = 60 * 86_400_000;
const DEFAULT_PAUSE_MS = 1_000;

export async function play(golden: Golden, plan: Plan = {}): Promise<Played> {
  const effects: string[] = [];
  const { workflow, others = [], desk = [], transact, events } = golden;
  desk.length = 0;
  const tables = transact === undefined ? {} : { store: transacting(transact) };
  const lab = new Lab(
    [workflow, ...others].map((one) => observed(one, effects)),
    { ...tables, ...plan.lab },
  );
  Object.assign(lab.engine, { publicUrl: "https://example.com" });
  lab.kill();
  let calls = 0;
  lab.watch = (call) => {
    calls = call.count;
    return plan.watch?.(call) ?? "go on";
  };
  const client = new Client(lab, plan.clientFate);
  const runId = await client.start(golden.workflow.name, golden.input);
  for (const { name, payload, key, afterMs = DEFAULT_PAUSE_MS } of golden.signals ?? []) {
    await lab.pass(afterMs);
    await client.signal(runId, name, payload, key);
  }
  for (const act of golden.acts ?? []) {
    await lab.pass(act.afterMs);
    await client.act(runId, act, desk);
  }
  const outcome = await outcomeOf(lab, runId);
  await lab.pass(AFTERMATH_MS);
  await checkInvariants(lab, runId);
  if (events !== undefined) expect(heardFrom(lab)).toEqual(events);
  return { outcome, effects, calls, clientCalls: client.calls, runId, lab };
}

function transacting(transact: NonNullable<Golden["transact"]>): MemoryStore {
  return transact === "unsupported" ? new MemoryStore() : new MemoryStore(new TransactingJournal(transact));
}

/** Types of the events, each event once. */
function heardFrom({ events: { sent } }: Lab): readonly string[] {
  return [...new Map(sent.map(({ id, type }) => [id, type])).values()];
}

/** The same workflow, whose steps write down that they ran. */
function observed(workflow: AnyWorkflow, effects: string[]): AnyWorkflow {
  const watching = (ctx: Context): Context =>
    wrapContext(ctx, (_name, own) => (s) => {
      effects.push(`${s.idempotencyKey} ${s.attempt}`);
      return own(s);
    });
  return {
    ...workflow,
    body: async (ctx: Context, input: unknown) => await workflow.body(watching(ctx), input),
  };
}

async function outcomeOf(lab: Lab, runId: string): Promise<Outcome> {
  try {
    return { status: "succeeded", value: await lab.result(runId) };
  } catch (error) {
    const { status } = await lab.run(runId);
    if (!isClosed(status) || status === "succeeded" || !(error instanceof Error)) throw error;
    return { status, error: { name: error.name, message: error.message } };
  }
}
