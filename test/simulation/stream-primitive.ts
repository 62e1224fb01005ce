// Streams of signals (`ctx.signals`), which take from the same inbox as the waits for single ones (wait-primitives.ts).
import { TimeoutError } from "../../lib/sdk/errors.ts";
import type { Primitive } from "./primitive.ts";
import {
  judgeSignals,
  type SentSignal,
  SIGNALS,
  SIGNALS_AT_MS,
  SPANS_MS,
  send,
  wasSent,
} from "./wait-primitives.ts";

export interface StreamNode {
  readonly kind: "stream";
  readonly name: string;
  readonly signal: (typeof SIGNALS)[number];
  /** How many it takes; fewer when one does not come in time. */
  readonly take: number;
  readonly timeoutMs?: number;
}

/** One signal after the other, and something to do about each: the next may come meanwhile. */
export const stream: Primitive<StreamNode, SentSignal> = {
  draw: ({ chance, newName }) => ({
    kind: "stream",
    name: `stream ${newName()}`,
    signal: chance.pick(SIGNALS),
    take: chance.int(1, 4),
    ...(chance.happens(0.5) ? { timeoutMs: chance.pick(SPANS_MS.slice(2)) } : {}),
  }),
  run: async ({ name, signal: of, take, timeoutMs }, at) => {
    let taken = 0;
    try {
      for await (const payload of at.ctx.signals(of, timeoutMs === undefined ? {} : { timeout: timeoutMs })) {
        if (!wasSent(at, of, payload)) at.complain(`${name} gave a signal that nobody sent`);
        const id = `${name} ${taken}`;
        await at.ctx.step(id, ({ attempt }) => at.begin({ id, attempt, on: false }));
        taken += 1;
        if (taken === take) break;
      }
    } catch (error) {
      if (!(error instanceof TimeoutError) || timeoutMs === undefined) throw error;
    }
    return "streamed";
  },
  expect: () => "streamed",
  longestMs: ({ take, timeoutMs = 0 }) => take * (timeoutMs + 20_000),
  outside: {
    draw: (streams, chance, run) =>
      streams.flatMap(({ signal: name, take }, nth) =>
        Array.from({ length: take }, (_, i): SentSignal => {
          const idempotencyKey = `stream ${nth} ${i}`;
          const atMs = chance.pick(SIGNALS_AT_MS) + chance.int(0, 3_000);
          return { by: "stream", atMs, run, name, payload: { run, idempotencyKey }, idempotencyKey };
        }),
      ),
    act: send,
    judge: judgeSignals,
  },
};
