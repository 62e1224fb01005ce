// Stands between the engine and the bodies of a workflow's steps: puts mocks in their place, keeps virtual time waiting
// for bodies that do real work, and tells whoever wants to know which body starts. The engine sees a workflow like any
// other, so everything else about a step is as in production.
import { SystemClock } from "../local/system-clock.ts";
import type { StepBody, StepContext } from "../sdk/step.ts";
import type { AnyWorkflow } from "../sdk/workflow.ts";
import { never } from "./lab-process.ts";
import type { Laboratory } from "./laboratory.ts";
import { bodyOfMock, type StepMocks } from "./step-mock.ts";
import { wrapContext } from "./wrap-context.ts";

/** A body that starts. */
export interface BodyStart {
  readonly runId: string;
  /** With its occurrence number. */
  readonly step: string;
  readonly idempotencyKey: string;
  readonly attempt: number;
  /** Turns true when the body asks for its idempotency key. */
  readsKey: boolean;
}

export interface StepBodiesOptions {
  /** Where the workflows run; asked no earlier than one does. */
  readonly lab: () => Pick<Laboratory, "clock" | "process">;
  readonly mocks: StepMocks;
  /** Real time that virtual time waits for a body. */
  readonly patienceMs: number;
  readonly onStart?: (start: BodyStart) => void;
}

interface AtWork {
  readonly step: string;
  readonly runId: string;
  readonly process: Laboratory["process"];
  readonly done: Promise<void>;
}

const realTime = new SystemClock({ keepsProcessAlive: false });

export class StepBodies {
  readonly #options: StepBodiesOptions;
  readonly #atWork = new Set<AtWork>();

  constructor(options: StepBodiesOptions) {
    this.#options = options;
  }

  /** The workflow with its steps' bodies in our hands. */
  wrap(workflow: AnyWorkflow): AnyWorkflow {
    const body: AnyWorkflow["body"] = async (ctx, input) => {
      const { process } = this.#options.lab();
      const bodyFor = (name: string, own: StepBody<unknown>) =>
        this.#bodyFor(workflow.name, ctx.runId, process, name, own);
      return await workflow.body(wrapContext(ctx, bodyFor), input);
    };
    return Object.freeze({ ...workflow, body });
  }

  /** Settles when one of the bodies that do real work has ended. Nothing when none does. @throws when it takes too long */
  outsideWork(): Promise<void> | undefined {
    // Nobody waits for what a dead process has left behind.
    const atWork = [...this.#atWork].filter(({ process }) => !process.dead);
    return atWork.length === 0 ? undefined : this.#firstOf(atWork);
  }

  async #firstOf(atWork: readonly AtWork[]): Promise<void> {
    const over = new AbortController();
    const { patienceMs } = this.#options;
    const lateness = async () => {
      await realTime.sleep(patienceMs, over.signal);
      if (over.signal.aborted) return;
      const steps = atWork.map(({ step, runId }) => `"${step}" of run ${runId}`).join(", ");
      throw new Error(
        `The body of step ${steps} has worked for ${patienceMs} ms of real time, for which virtual time stands still. Mock the step ({ returns, takes }), or raise the environment's patience.`,
      );
    };
    try {
      await Promise.race([...atWork.flatMap(({ done, process }) => [done, process.died]), lateness()]);
    } finally {
      over.abort();
    }
  }

  #bodyFor(
    workflow: string,
    runId: string,
    process: AtWork["process"],
    name: string,
    own: StepBody<unknown>,
  ): StepBody<unknown> {
    const { lab, mocks, onStart } = this.#options;
    return async (step) => {
      // What is dead begins nothing.
      if (process.dead) return await never();
      const start = startOf(step, runId, name);
      onStart?.(start);
      const told = noticingKey(step, start);
      const mock = mocks.use(workflow, name);
      if (mock === undefined) return await this.#work(start, process, () => own(told));
      const body = bodyOfMock(mock, lab().clock);
      // Of the other mocks it is known that they wait for nothing but virtual time.
      return typeof mock === "function"
        ? await this.#work(start, process, () => body(told))
        : await body(told);
    };
  }

  async #work(start: BodyStart, process: AtWork["process"], body: () => unknown): Promise<unknown> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const atWork = { step: start.step, runId: start.runId, process, done: promise };
    this.#atWork.add(atWork);
    try {
      return await body();
    } finally {
      this.#atWork.delete(atWork);
      resolve();
    }
  }
}

/** The key ends with the step's id, unless that made it too long. */
function startOf({ idempotencyKey, attempt }: StepContext, runId: string, name: string): BodyStart {
  const id = idempotencyKey.slice(runId.length + 1);
  return { runId, step: id.includes(name) ? id : name, idempotencyKey, attempt, readsKey: false };
}

function noticingKey(step: StepContext, start: BodyStart): StepContext {
  const { idempotencyKey, ...rest } = step;
  return {
    ...rest,
    get idempotencyKey() {
      start.readsKey = true;
      return idempotencyKey;
    },
  };
}
