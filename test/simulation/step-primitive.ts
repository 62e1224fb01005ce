// Steps: in the activation or on a step handler, quick or long, with small or large results, that succeed at once,
// after retries, never, or not in time.
import { isDeepStrictEqual } from "node:util";
import { StepError, TerminalError } from "../../lib/sdk/errors.ts";
import { RetryableError } from "../../lib/sdk/retryable-error.ts";
import type { StepContext, StepOptions } from "../../lib/sdk/step.ts";
import { bulk, type Interpreter, type Primitive } from "./primitive.ts";

const HANDLER = "shipping";
/** Attempts that faults may use up (E_STEP_LOST) without changing what the step comes to. */
const SPARE_ATTEMPTS = 100;
const LIMIT_MS = 2_000;

type Failing = "error" | "retryable" | "terminal" | "too slow";

export interface StepNode {
  readonly kind: "step";
  readonly name: string;
  readonly onHandler: boolean;
  readonly bodyMs: number;
  /** Attempts that fail; `always` is a step that fails for good. */
  readonly failures: number | "always";
  readonly how: Failing;
  readonly maxAttempts: number;
  readonly isBulky: boolean;
}

export const step: Primitive<StepNode> = {
  draw: ({ chance, newName }) => {
    const doesFail = chance.happens(0.12);
    const failures = doesFail ? "always" : chance.happens(0.3) ? chance.int(1, 3) : 0;
    const how = chance.pick<Failing>(
      doesFail ? ["error", "retryable", "terminal", "too slow"] : ["error", "retryable"],
    );
    return {
      kind: "step",
      name: newName(),
      onHandler: chance.happens(0.4),
      bodyMs: how === "too slow" ? LIMIT_MS * 10 : chance.pick([0, 0, 0, 200, 1_000, 4_000, 30_000]),
      failures,
      how,
      maxAttempts: failures === "always" ? chance.int(1, 3) : failures + SPARE_ATTEMPTS,
      isBulky: chance.happens(0.12),
    };
  },

  run: async (node, at) => {
    const expected = stepValue(node, at.label);
    try {
      const value = await at.ctx.step(node.name, async (s) => await body(node, s, at), optionsOf(node, at));
      if (!isDeepStrictEqual(value, expected)) at.complain(`J3: step ${node.name} gave another value`);
      if (node.failures === "always") at.complain(`step ${node.name} succeeded`);
    } catch (error) {
      if (!(error instanceof StepError) || node.failures !== "always") throw error;
    }
    return stepResult(node, at.label);
  },

  expect: stepResult,

  longestMs: ({ bodyMs, maxAttempts, failures }) =>
    (failures === "always" ? maxAttempts : failures + 1) * (Math.min(bodyMs, 30_000) + 20_000),
};

async function body(node: StepNode, { attempt }: StepContext, at: Interpreter): Promise<unknown> {
  at.begin({ id: node.name, attempt, on: node.onHandler });
  if (node.bodyMs > 0) await at.pause(node.bodyMs / (1 + (at.version % 3)));
  if (node.how === "too slow") return "nobody listens any more";
  if (node.failures === "always" || attempt <= node.failures) {
    if (node.how === "retryable") throw new RetryableError("again", { retryAfter: "3s" });
    if (node.how === "terminal") throw new TerminalError("never");
    throw new Error(`attempt ${attempt} fails`);
  }
  return stepValue(node, at.label);
}

/** The next version of the code has another backoff, and quicker bodies: neither reaches the journal. */
function optionsOf(node: StepNode, { version }: Interpreter): StepOptions {
  return {
    retry: { maxAttempts: node.maxAttempts, initial: version % 2 === 0 ? "1s" : "2s", max: "20s" },
    ...(node.onHandler ? { on: HANDLER } : {}),
    ...(node.how === "too slow" ? { timeout: LIMIT_MS } : {}),
  };
}

function stepValue(node: StepNode, label: string): unknown {
  return node.isBulky ? bulk(`${label} ${node.name}`) : { of: label, step: node.name };
}

function stepResult(node: StepNode, label: string): string {
  return node.failures === "always" ? `${node.name} failed` : `${label} did ${node.name}`;
}
