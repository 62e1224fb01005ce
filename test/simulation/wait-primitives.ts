// What waits: sleeps of every length that takes another path through the engine, and signals with and without a
// timeout and a schema.
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Interpreter, Primitive } from "./primitive.ts";

/** In the process, by a delayed message, around the longest delay, by a schedule, over days. */
export const SPANS_MS = [
  0, 500, 1_500, 3_000, 10_000, 60_000, 300_000, 840_000, 900_000, 901_000, 920_000, 985_000, 1_000_000,
  2_000_000, 7_200_000, 90_000_000,
];
export const SIGNALS = ["a", "b"] as const;

export interface SleepNode {
  readonly kind: "sleep";
  readonly name: string;
  readonly ms: number;
}

export const sleep: Primitive<SleepNode> = {
  draw: ({ chance, newName }) => ({ kind: "sleep", name: newName(), ms: chance.pick(SPANS_MS) }),
  run: async ({ name, ms }, { ctx }) => {
    await ctx.sleep(name, ms);
    return "slept";
  },
  expect: () => "slept",
  longestMs: ({ ms }) => ms,
};

type SchemaKind = "accepts" | "refuses" | "throws";

export interface SignalNode {
  readonly kind: "signal";
  readonly signal: (typeof SIGNALS)[number];
  readonly timeoutMs?: number;
  readonly schema?: SchemaKind;
}

export const signal: Primitive<SignalNode> = {
  draw: ({ chance }) => ({
    kind: "signal",
    signal: chance.pick(SIGNALS),
    ...(chance.happens(0.5) ? { timeoutMs: chance.pick(SPANS_MS.slice(2)) } : {}),
    ...(chance.happens(0.3) ? { schema: chance.pick<SchemaKind>(["accepts", "refuses", "throws"]) } : {}),
  }),
  run: async (node, at) => {
    try {
      checkPayload(node, await waitFor(node, at), at);
    } catch (error) {
      if (!isExpected(node, error)) throw error;
    }
    return "waited";
  },
  expect: () => "waited",
  longestMs: ({ timeoutMs = 0 }) => timeoutMs,
};

async function waitFor({ signal: name, timeoutMs, schema }: SignalNode, { ctx }: Interpreter) {
  const limit = timeoutMs === undefined ? {} : { timeout: timeoutMs };
  return schema === undefined
    ? await ctx.waitForSignal(name, limit)
    : await ctx.waitForSignal(name, { ...limit, schema: schemaOf(schema) });
}

function checkPayload({ signal: name, schema }: SignalNode, payload: unknown, at: Interpreter): void {
  const sent =
    schema === "accepts" ? (payload as { readonly checked?: unknown } | undefined)?.checked : payload;
  if (schema === "refuses" || schema === "throws")
    at.complain(`signal ${name} passed a schema that ${schema}`);
  else if (!at.wasSent(name, sent)) at.complain(`signal ${name} has a payload that nobody sent`);
}

function isExpected({ timeoutMs, schema }: SignalNode, error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = "code" in error ? error.code : undefined;
  if (code === "E_TIMEOUT") return timeoutMs !== undefined;
  return (
    (schema === "refuses" && code === "E_INVALID_INPUT") || (schema === "throws" && error.message === schema)
  );
}

/** Gives `{ checked: value }`, refuses, or breaks. */
function schemaOf(kind: SchemaKind): StandardSchemaV1<unknown, { readonly checked: unknown }> {
  const validate = async (value: unknown) => {
    if (kind === "throws") throw new Error(kind);
    return kind === "accepts"
      ? { value: { checked: value } }
      : { issues: [{ message: "never good enough" }] };
  };
  return { "~standard": { version: 1, vendor: "perdure-simulation", validate } };
}
