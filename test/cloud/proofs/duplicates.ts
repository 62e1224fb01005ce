// What the queues deliver twice happens once.
import { describe, expect, test } from "vitest";
import type { Deployment } from "../deployment.ts";
import { readEffect } from "../effects.ts";
import { readEntries, readMeta } from "../journal-items.ts";
import { send, untilEmpty } from "../queues.ts";
import { until } from "../until.ts";

/** Needs the activation queue for itself: it waits until that is empty. */
export function describeDoubledWakeUps(cloud: () => Deployment): void {
  test("a wake-up that comes again, while a run waits and when it is closed, changes nothing", async () => {
    const { api, outputs, clients } = cloud();
    const { ActivationQueueUrl: queueUrl, EffectsTableName: effects } = outputs;
    const runId = await api.start("listen", {});
    await api.suspended(runId, "signal");
    const before = await readMeta(cloud(), runId);
    for (let copy = 1; copy <= 3; copy += 1) await send(cloud(), queueUrl, { kind: "wake-up", runId, n: 1 });
    await untilEmpty(cloud(), queueUrl);
    expect(await readMeta(cloud(), runId)).toEqual(before);

    await api.post(`/runs/${runId}/signals/said`, { payload: "hello" });
    expect(await api.ended(runId)).toMatchObject({ status: "succeeded", result: "hello" });
    const closed = await readMeta(cloud(), runId);
    for (let n = 1; n <= 3; n += 1) await send(cloud(), queueUrl, { kind: "wake-up", runId, n });
    await untilEmpty(cloud(), queueUrl);
    expect(await readMeta(cloud(), runId)).toEqual(closed);
    expect(await readEffect(clients.dynamo, effects, `${runId} before`)).toBe(1);
  });
}

export function describeDoubledSteps(cloud: () => Deployment): void {
  describe.concurrent("a step handler", () => {
    test("runs a step once that is delivered three times, beside each other and afterwards", async () => {
      const { api, outputs, clients } = cloud();
      const queueUrl = outputs.StepQueueUrls["shipping"] ?? "";
      const runId = await api.start("parcel", { workMs: 3_000 });
      const dispatched = await until({ what: "the step to be dispatched", withinMs: 30_000 }, async () => {
        const entries = await readEntries(cloud(), runId);
        return entries.find((entry) => entry.type === "step.dispatched");
      });
      const message = {
        kind: "step",
        runId,
        seq: dispatched.seq,
        handler: "shipping",
        idempotencyKey: "copy",
      } as const;
      await send(cloud(), queueUrl, message);
      await send(cloud(), queueUrl, message);
      expect(await api.ended(runId)).toMatchObject({ status: "succeeded", result: 1 });

      await send(cloud(), queueUrl, message);
      await untilEmpty(cloud(), queueUrl);
      expect(await readEffect(clients.dynamo, outputs.EffectsTableName, `${runId} book`)).toBe(1);
    });
  });
}
