// What authors may not ask of a call, or of a workflow: it is refused when the call is made, or the workflow defined, by a
// sentence that names the option, the value and what is allowed. What a retry policy, flow control and the fan-outs refuse
// is told beside them (retry.test.ts, sdk/flow-control.test.ts, situations/batch-rules.ts).
import { describe, expect, it } from "vitest";
import type { Context } from "../../lib/sdk/context.ts";
import { workflow } from "../../lib/sdk/workflow.ts";
import { Lab } from "./lab.ts";

/** Any call with any options: what only somebody can write whom no types keep from it. */
// biome-ignore lint/suspicious/noExplicitAny: see above
type Untyped = Record<string, (...given: any[]) => Promise<unknown>>;
type Asks = (c: Untyped, options: unknown) => Promise<unknown>;

const body = () => 1;
const echo = workflow("echo", async (_, input) => input);

/** Calls that have options, as they are named in sentences. */
const CALLS: Readonly<Record<string, Asks>> = {
  'Step "x"': async (c, options) => c["step"]?.("x", body, options),
  'Signal "x"': async (c, options) => c["waitForSignal"]?.("x", options),
  'Condition "x"': async (c, options) => c["waitForCondition"]?.("x", body, options),
  'Callback "x"': async (c, options) => c["waitForCallback"]?.("x", body, options),
  'Approval "x"': async (c, options) => c["waitForApproval"]?.("x", options),
  'Child "x"': async (c, options) => c["runChild"]?.("x", echo, 1, options),
  'map "x"': async (c, options) => c["map"]?.("x", [1], body, options),
  'parallel "x"': async (c, options) => c["parallel"]?.("x", [body], options),
};
const OBJECT = /Change the option to one of the allowed values\.$/;

const step = (options: object) => async (c: Untyped) => c["step"]?.("x", body, options);
const condition = (options: object) => async (c: Untyped) => c["waitForCondition"]?.("x", body, options);
const callback = (options: object) => async (c: Untyped) => c["waitForCallback"]?.("x", body, options);
const approval = (options: object) => async (c: Untyped) => c["waitForApproval"]?.("x", options);

const RETRY = "its options are an object with: maxAttempts, initial, max, factor, jitter, retryIf.";
const SCHEMA = "it must be a Standard Schema (valibot, zod, arktype, …).";
const ABOVE_ZERO = "it must be longer than 0; leave it out for no limit.";

const WRONG: readonly (readonly [(c: Untyped) => Promise<unknown> | undefined, string])[] = [
  [step({ retry: 5 }), `retry was given 5; ${RETRY}`],
  [step({ retry: false }), `retry was given false; ${RETRY}`],
  [step({ retry: null }), `retry was given null; ${RETRY}`],
  [step({ retry: [] }), `retry was given []; ${RETRY}`],
  [step({ retry: null, semantics: "at-most-once" }), `retry was given null; ${RETRY}`],
  [step({ schema: null }), `The schema of step "x" is null; ${SCHEMA}`],
  [step({ schema: 5 }), `The schema of step "x" is 5; ${SCHEMA}`],
  [step({ timeout: 0 }), `timeout of step "x" is 0; ${ABOVE_ZERO}`],
  [step({ timeout: { minutes: 0 } }), `timeout of step "x" is {"minutes":0}; ${ABOVE_ZERO}`],
  [step({ timeout: null }), 'timeout of step "x" is null; a duration is written like "5m"'],
  [step({ totalTimeout: "0s" }), `totalTimeout of step "x" is "0s"; ${ABOVE_ZERO}`],
  [step({ heartbeatTimeout: 0.2 }), `heartbeatTimeout of step "x" is 0.2; ${ABOVE_ZERO}`],
  [step({ compensate: null }), 'compensate of step "x" is null; it must be a function, or an object with'],
  [step({ compensate: { undo: 5 } }), 'compensate of step "x" is {"undo":5}; it must be a function, or'],
  [
    step({ compensate: { undo: body, timeout: 0 } }),
    `timeout of the compensation of step "x" is 0; ${ABOVE_ZERO}`,
  ],
  [step({ compensate: { undo: body, retry: 3 } }), `retry was given 3; ${RETRY}`],
  [async (c) => c["step"]?.("x", 5), 'The body of step "x" is 5; it must be a function, the second argument'],
  [async (c) => c["waitForSignal"]?.("x", { schema: null }), `The schema of signal "x" is null; ${SCHEMA}`],
  [condition({}), 'every of condition "x" is undefined; a duration is written like "5m"'],
  [condition({ every: 0 }), 'every of condition "x" is 0; it must be longer than 0.'],
  [condition({ every: "1m", timeout: 0 }), `timeout of condition "x" is 0; ${ABOVE_ZERO}`],
  [condition({ every: "1m", attemptTimeout: 0 }), `attemptTimeout of condition "x" is 0; ${ABOVE_ZERO}`],
  [
    condition({ every: "1m", max: "30s" }),
    'max of condition "x" is "30s", which is below every ("1m"); it must be at least as long.',
  ],
  [condition({ every: "1m", until: true }), 'until of condition "x" is true; it must be a function.'],
  [condition({ every: "1m", until: null }), 'until of condition "x" is null; it must be a function.'],
  [callback({ timeout: 0 }), `timeout of callback "x" is 0; ${ABOVE_ZERO}`],
  [callback({ heartbeatTimeout: 0 }), `heartbeatTimeout of callback "x" is 0; ${ABOVE_ZERO}`],
  [callback({ schema: null }), `The schema of callback "x" is null; ${SCHEMA}`],
  [callback({ retry: { maxAttempts: 0 } }), "retry.maxAttempts is 0; it must be a whole number from 1"],
  [approval({ to: 5 }), '`to` of approval "x" is 5; it must be a function that sends its links.'],
  [approval({ to: body, timeout: 0 }), `timeout of approval "x" is 0; ${ABOVE_ZERO}`],
  [
    approval({ to: body, escalate: null }),
    'escalate of approval "x" was given null; its options are an object with: after, to.',
  ],
  [
    approval({ to: body, escalate: { after: "1h", to: null } }),
    'to in escalate of approval "x" is null; it must be a function that sends its links.',
  ],
  [
    approval({ to: body, timeout: "1h", escalate: { after: "60m", to: body } }),
    'escalate.after of approval "x" is "60m", and its timeout is "1h"; it must be before that.',
  ],
  [
    async (c) => c["runChild"]?.("x", echo, 1, { onParentClose: null }),
    'onParentClose of child "x" is null; it must be "cancel"',
  ],
  [
    async (c) => c["startChild"]?.("x", echo, 1, null),
    'Child "x" was given null; its options are an object with: onParentClose.',
  ],
  [
    async (c) => c["runChild"]?.("x", { name: "echo" }, 1),
    'Child "x" is given {"name":"echo"} as its workflow',
  ],
  [async (c) => c["map"]?.("x", 5, body), 'The items of map "x" are 5; they must be an array.'],
  [
    async (c) => c["map"]?.("x", [1], 5),
    'The body of map "x" is 5; it must be a function, the third argument',
  ],
  [async (c) => c["parallel"]?.("x", { a: 5 }), 'Branch "a" of parallel "x" is 5; it must be a function.'],
  [
    async (c) => c["scope"]?.("x", 5),
    'The body of scope "x" is 5; it must be a function, the second argument',
  ],
];

/** What the call is refused with. The code goes on after it, and the journal knows of nothing else. */
async function refusalOf(call: (c: Untyped) => Promise<unknown> | undefined): Promise<unknown> {
  const w = workflow("w", async (ctx: Context) => {
    let refused: unknown = "it was not refused";
    try {
      await call(ctx as unknown as Untyped);
    } catch (error) {
      refused = (error as Error).message;
    }
    await ctx.sleep("then", "1h");
    return refused;
  });
  const lab = new Lab([w, echo]);
  const runId = await lab.start(w);
  const refused = await lab.result(runId);
  const ids = (await lab.entries(runId)).flatMap((entry) => ("id" in entry ? [entry.id] : []));
  expect([...new Set(ids)], "recorded").toEqual(["then"]);
  return refused;
}

describe("a call", () => {
  it.each(
    Object.entries(CALLS).flatMap(([what, asks]) =>
      [5, null, [], "soon"].map((options) => [what, options, asks] as const),
    ),
  )("%s with %j for its options is refused, and records nothing", async (what, options, asks) => {
    const refused = await refusalOf(async (c) => asks(c, options));
    expect(refused).toContain(
      `E_BAD_OPTION  ${what} was given ${JSON.stringify(options)}; its options are an object with: `,
    );
    expect(refused).toMatch(OBJECT);
  });

  it.each(WRONG.map(([call, sentence]) => [sentence, call] as const))(
    "is refused with: %s",
    async (sentence, call) => {
      expect(await refusalOf(call)).toContain(`E_BAD_OPTION  ${sentence}`);
    },
  );
});

describe("a compensation without a function", () => {
  it.each([undefined, null, 5, {}])("but with %j is refused when it is added", async (undo) => {
    const refused = await refusalOf(async (c) => {
      (c as unknown as Context).compensations.add("x", undo as never);
      return await Promise.resolve();
    });
    expect(refused).toMatch(/E_BAD_OPTION {2}The undo of compensation "x" is .*; it must be a function\./);
  });
});

describe("a workflow", () => {
  it.each([
    [null, 'Workflow "w" was given null; its options are an object with: input, signals, timeout,'],
    [5, 'Workflow "w" was given 5; its options are'],
    [[], 'Workflow "w" was given []; its options are'],
    [{ timeout: 0 }, `timeout of workflow "w" is 0; ${ABOVE_ZERO}`],
    [{ timeout: null }, 'timeout of workflow "w" is null; a duration is written like'],
    [{ version: null }, 'version of workflow "w" is null; it must be a text that is not empty.'],
    [{ version: 2 }, 'version of workflow "w" is 2; it must be a text'],
    [{ input: null }, `The schema of the input of workflow "w" is null; ${SCHEMA}`],
    [{ signals: null }, 'signals of workflow "w" is null; it must be an object of schemas by name.'],
    [{ signals: [] }, 'signals of workflow "w" is []; it must be'],
    [{ signals: { go: null } }, `The schema of signal "go" of workflow "w" is null; ${SCHEMA}`],
  ])("with %j for its options is refused when it is defined", (options, sentence) => {
    expect(() => workflow("w", options as never, async () => 1)).toThrow(`E_BAD_OPTION  ${sentence}`);
  });

  it("with its options behind its function is refused, for nobody would read them", () => {
    const behind = workflow as unknown as (...given: readonly unknown[]) => void;
    expect(() => behind("w", async () => 1, { timeout: "1h" })).toThrow(
      'E_BAD_OPTION  Workflow "w" was given {"timeout":"1h"} after its function; the options stand before it.',
    );
  });

  it("without a function is refused when it is defined", () => {
    expect(() => workflow("w", {}, 5 as never)).toThrow(
      'E_BAD_OPTION  The body of workflow "w" is 5; it must be a function, the last argument of workflow().',
    );
  });
});
