// The laboratory (lib/testing/laboratory.ts) as the engine's tests use it: one step handler, and short ways to start
// runs, signal them and take them up again. Every engine is run in the mode of this test run (modes.ts).
import { reviveRun, sendSignal, startRun } from "../../lib/engine/index.ts";
import type { AnyWorkflow } from "../../lib/sdk/workflow.ts";
import { Laboratory, type LaboratoryOptions } from "../../lib/testing/laboratory.ts";
import { inMode } from "./modes.ts";

export type { Fate, PortCall } from "../../lib/testing/port-call.ts";

/** `stepHandlers` is `["shipping"]` by default. */
export type LabOptions = Omit<LaboratoryOptions, "startAt" | "rivals">;

export class Lab extends Laboratory {
  constructor(workflows: readonly AnyWorkflow[], options: LabOptions = {}) {
    super(workflows, inMode({ stepHandlers: ["shipping"], ...options }));
  }

  async start(workflow: AnyWorkflow | string, input: unknown = {}, idempotencyKey?: string): Promise<string> {
    const name = typeof workflow === "string" ? workflow : workflow.name;
    const request = { workflow: name, input, ...(idempotencyKey === undefined ? {} : { idempotencyKey }) };
    const { run } = await startRun(this.engine, request);
    return run.runId;
  }

  async signal(runId: string, name: string, payload: unknown = null, idempotencyKey?: string): Promise<void> {
    const request = { runId, name, payload, ...(idempotencyKey === undefined ? {} : { idempotencyKey }) };
    await sendSignal(this.engine, request);
  }

  async retry(runId: string): Promise<void> {
    await reviveRun(this.engine, runId);
  }
}
