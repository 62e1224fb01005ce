import type { Context, SQSEvent } from "aws-lambda";
import { describe, expect, it } from "vitest";
import { type Disposition, DONE, later } from "../../lib/engine/engine.ts";
import type { Host } from "../../lib/engine/index.ts";
import { handleRecords, type RecordHandling } from "../../lib/lambda/handle-records.ts";
import { silentLog } from "../../lib/local/console-log.ts";
import type { Queue } from "../../lib/ports/queue.ts";

const context = { getRemainingTimeInMillis: () => 4_321 } as Context;

describe("records of a queue", () => {
  it("that are done are not reported, and SQS deletes them", async () => {
    const { answer, extended } = await handle(["a", "b"], async () => DONE);
    expect(answer).toEqual({ batchItemFailures: [] });
    expect(extended).toEqual([]);
  });

  it("that are to come back are reported, and hidden for as long as the engine says (W2)", async () => {
    const { answer, extended } = await handle(["a", "b"], async (body) =>
      body === "a" ? later(7_000) : DONE,
    );
    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: "id-a" }] });
    expect(extended).toEqual([["receipt-a", 7_000]]);
  });

  it("whose handling throws come back too, later each time, and take no other with them", async () => {
    const { answer, extended } = await handle(["a", "b"], async (body) => {
      if (body === "a") throw new Error("no store");
      return DONE;
    });
    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: "id-a" }] });
    expect(extended).toEqual([["receipt-a", 3_000]]);
  });

  it("come back by themselves when they cannot be given back early", async () => {
    const refusing = { extend: async () => await Promise.reject(new Error("no queue")) } as unknown as Queue;
    const { answer } = await handle(["a"], async () => later(1_000), refusing);
    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: "id-a" }] });
  });

  it("are handled with the function's own time, their own count and a way to keep them", async () => {
    const hosts: Host[] = [];
    const { extended } = await handle(["a"], async (_body, host) => {
      hosts.push(host);
      await host.extend(25_000);
      return DONE;
    });
    expect(hosts[0]?.remainingMs()).toBe(4_321);
    expect(hosts[0]?.receiveCount).toBe(3);
    expect(extended).toEqual([["receipt-a", 25_000]]);
  });
});

async function handle(bodies: readonly string[], handler: RecordHandling["handle"], queue?: Queue) {
  const extended: [receipt: string, visibilityMs: number][] = [];
  const recording = {
    extend: async (receipt: string, visibilityMs: number) => {
      extended.push([receipt, visibilityMs]);
    },
  } as Queue;
  const answer = await handleRecords(eventOf(bodies), context, {
    handle: handler satisfies (body: string, host: Host) => Promise<Disposition>,
    queue: queue ?? recording,
    retryAfterMs: (receiveCount) => receiveCount * 1_000,
    log: silentLog,
  });
  return { answer, extended };
}

function eventOf(bodies: readonly string[]): SQSEvent {
  const records = bodies.map((body) => ({
    messageId: `id-${body}`,
    receiptHandle: `receipt-${body}`,
    body,
    attributes: { ApproximateReceiveCount: "3" },
  }));
  return { Records: records } as unknown as SQSEvent;
}
