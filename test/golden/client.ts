// A caller of the engine whose process may die at any of its calls to a port. Nobody answers it then, so it does what a
// caller has to: it begins again from the start, under the same idempotency key (J4).
import {
  cancelRun,
  completeCallback,
  decideApproval,
  type Engine,
  pauseRun,
  resumeRun,
  sendSignal,
  startRun,
} from "../../lib/engine/index.ts";
import { type ErrorCode, PerdureError } from "../../lib/sdk/errors.ts";
import { LabProcess } from "../../lib/testing/lab-process.ts";
import type { Fate } from "../../lib/testing/port-call.ts";
import type { Lab } from "../engine/lab.ts";
import type { OutsideAct } from "./golden.ts";

/** A client that dies again and again would never be through. */
const MAX_LIVES = 5;
const DONE: readonly ErrorCode[] = ["E_RUN_CLOSED", "E_RUN_NOT_PAUSED", "E_CALLBACK_COMPLETED"];

export class Client {
  /** To ports, so far. */
  calls = 0;
  readonly #lab: Lab;
  readonly #fate: (count: number) => Fate;

  constructor(lab: Lab, fate: (count: number) => Fate = () => "go on") {
    this.#lab = lab;
    this.#fate = fate;
  }

  async start(workflow: string, input: unknown): Promise<string> {
    const request = { workflow, input, idempotencyKey: `${workflow}-1` };
    return await this.#insist(async (engine) => (await startRun(engine, request)).run.runId);
  }

  async signal(runId: string, name: string, payload: unknown, idempotencyKey: string): Promise<void> {
    await this.#insist(async (engine) => await sendSignal(engine, { runId, name, payload, idempotencyKey }));
  }

  /** Asked again by who was not answered, some acts are refused: they are done. */
  async act(runId: string, { act, payload }: OutsideAct, desk: readonly string[]): Promise<void> {
    const token = desk.at(-1)?.split("/").at(-1) ?? "";
    const acts: Readonly<Record<OutsideAct["act"], (engine: Engine) => Promise<unknown>>> = {
      cancel: async (engine) => await cancelRun(engine, { runId }),
      pause: async (engine) => await pauseRun(engine, runId),
      resume: async (engine) => await resumeRun(engine, runId),
      approve: async (engine) => await decideApproval(engine, token, { by: String(payload) }),
      complete: async (engine) => await completeCallback(engine, token, { ok: true, value: payload }),
    };
    await this.#insist(async (engine) => {
      await acts[act](engine).catch((error: unknown) => {
        if (!(error instanceof PerdureError && DONE.includes(error.code))) throw error;
      });
    });
  }

  async #insist<Answer>(act: (engine: Engine) => Promise<Answer>): Promise<Answer> {
    for (let lives = 0; lives < MAX_LIVES; lives += 1) {
      const died = Promise.withResolvers<"died">();
      const process = new LabProcess({
        engine: this.#lab.engine,
        steps: this.#lab.steps,
        ask: async () => {
          this.calls += 1;
          return this.#fate(this.calls);
        },
        kill: () => {
          process.dead = true;
          died.resolve("died");
        },
      });
      const answer = await Promise.race([act(process.engine).then((value) => ({ value })), died.promise]);
      if (answer !== "died") return answer.value;
    }
    throw new Error(`the client died ${MAX_LIVES} times`);
  }
}
