// Runs started by runs, waited for or not, under every policy of what becomes of them when their parent ends first. A
// child is the same workflow with a node as its input; what it comes to is judged by itself, and what is between it and
// its parent by family-rules.ts.
import { isDeepStrictEqual } from "node:util";
import type { ClosePolicy } from "../../lib/ports/run.ts";
import { ChildRunError } from "../../lib/sdk/errors.ts";
import { type AnyNode, ExpectedFailure, type Interpreter, type Primitive } from "./primitive.ts";

export interface ChildNode {
  readonly kind: "child";
  readonly name: string;
  readonly isAwaited: boolean;
  /** The default when absent. */
  readonly policy?: ClosePolicy;
  readonly inner: readonly AnyNode[];
}

export const child: Primitive<ChildNode> = {
  draw: ({ chance, newName, drawAlone }) => {
    if (drawAlone === undefined) return undefined;
    const name = newName();
    const inner = drawAlone(chance.int(1, 2));
    const doomed: AnyNode & { name: string; how: string } = { kind: "fail", name: newName(), how: "error" };
    return {
      kind: "child",
      name,
      isAwaited: chance.happens(0.6),
      ...(chance.happens(0.3) ? {} : { policy: chance.pick<ClosePolicy>(["cancel", "abandon", "wait"]) }),
      inner: chance.happens(0.2) ? [...inner, doomed] : inner,
    };
  },
  run: async (node, at) => {
    const { name, isAwaited, policy } = node;
    const label = `${at.label} ${name}`;
    const code: AnyNode = { kind: "sequence", inner: node.inner };
    const { workflow, input } = at.family(code, label);
    const options = policy === undefined ? {} : { onParentClose: policy };
    if (!isAwaited) {
      const { runId } = await at.ctx.startChild(name, workflow, input, options);
      if (!runId.startsWith("run_")) at.complain(`child ${name} has no run id`);
      return "has a child";
    }
    try {
      const result = (await at.ctx.runChild(name, workflow, input, options)) as { readonly value?: unknown };
      if (!isDeepStrictEqual(result.value, expectedOf(code, label, at)))
        at.complain(`child ${name} gave another value`);
    } catch (error) {
      if (!(error instanceof ChildRunError)) throw error;
      checkFailure(error, expectedOf(code, label, at), at);
    }
    return "has a child";
  },
  expect: () => "has a child",
  longestMs: ({ inner }, longestOf) => 20_000 + inner.reduce((total, node) => total + longestOf(node), 0),
};

/** A value, or the failure that it ends with. */
function expectedOf(code: AnyNode, label: string, at: Interpreter): unknown {
  try {
    return at.expect(code, label);
  } catch (error) {
    if (error instanceof ExpectedFailure) return error;
    throw error;
  }
}

function checkFailure(error: ChildRunError, expected: unknown, at: Interpreter): void {
  const { child: id, status, cause } = error;
  if (status === "timed_out" && at.hasTimeout) return;
  const isExpected =
    status === "failed" &&
    expected instanceof ExpectedFailure &&
    cause instanceof Error &&
    cause.message === expected.message;
  if (!isExpected) at.complain(`child ${id} ended ${status}: ${String(cause)}`);
}
