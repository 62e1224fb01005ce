// Runs that go well: to their end, over retries, sleeps, signals, step handlers, hand-offs and large values.
import { ListObjectsV2Command } from "@aws-sdk/client-s3";
import { describe, expect, test } from "vitest";
import type { Deployment } from "../deployment.ts";
import { readEffect } from "../effects.ts";
import { readCheckpoints, readEntries } from "../journal-items.ts";
import { findSchedule } from "../schedules.ts";
import { TIMES } from "../times.ts";

/** LocalStack's open version takes schedules and never fires them: there, the sweeper ends a long sleep (W4). */
const SWEPT_WITHIN_MS = 3 * TIMES.sweepEveryMs;

export function describeRuns(cloud: () => Deployment): void {
  describe.concurrent("a run", () => {
    test("an order goes through: a failed charge is retried, a person approves, shipping has its own Lambda", async () => {
      const { api } = cloud();
      const runId = await api.start("order", {
        orderId: "o-1",
        customer: "ada@example.com",
        lines: [{ sku: "tea", quantity: 2, unitCents: 450 }],
        coolOff: "3s",
      });
      await api.suspended(runId, "signal");
      const { status } = await api.post(`/runs/${runId}/signals/approved`, {
        payload: { approved: true, by: "Grace" },
      });
      expect(status).toBe(202);
      expect(await api.ended(runId)).toMatchObject({
        status: "succeeded",
        result: { orderId: "o-1", status: "shipped", approvedBy: "Grace" },
      });
      const entries = await readEntries(cloud(), runId);
      expect(entries.filter(({ id }) => id === "charge").map(({ type, attempt }) => [type, attempt])).toEqual(
        [
          ["step.retrying", 1],
          ["step.succeeded", 2],
        ],
      );
      expect(entries.filter(({ id }) => id === "ship").map(({ type }) => type)).toEqual([
        "step.dispatched",
        "step.succeeded",
      ]);
    });

    test("a short sleep is a delayed message", async () => {
      const { api } = cloud();
      const sleepMs = 4_000;
      const runId = await api.start("nap", { sleepMs });
      await api.suspended(runId, "sleep");
      expect(await findSchedule(cloud(), runId)).toBeUndefined();
      expectSlept(await api.ended(runId), sleepMs);
    });

    test("a long sleep is a schedule that fires early and a delayed message for the rest", async () => {
      const { api } = cloud();
      const sleepMs = TIMES.longTimerMs + 10_000;
      const runId = await api.start("nap", { sleepMs });
      await api.suspended(runId, "sleep");
      expect(await findSchedule(cloud(), runId)).toEqual(expect.any(String));
      expectSlept(await api.ended(runId, sleepMs + SWEPT_WITHIN_MS), sleepMs);
      expect(await findSchedule(cloud(), runId)).toBeUndefined();
    });

    test("a run longer than its Lambda's time is handed from activation to activation, and no step is repeated", async () => {
      const { api, outputs, clients } = cloud();
      const [steps, stepMs] = [40, 400];
      expect(steps * stepMs).toBeGreaterThan(TIMES.activationTimeoutMs);
      const runId = await api.start("march", { steps, stepMs });
      expect(await api.ended(runId)).toMatchObject({ status: "succeeded", result: steps });
      const fences = new Set((await readCheckpoints(cloud(), runId)).map(({ fence }) => fence));
      expect(fences.size).toBeGreaterThanOrEqual(2);
      for (const step of [1, Math.ceil(steps / 2), steps]) {
        expect(await readEffect(clients.dynamo, outputs.EffectsTableName, `${runId} step ${step}`)).toBe(1);
      }
    });

    test("a value of 300 KB travels through the bucket and comes back as it was", async () => {
      const { api, outputs, clients } = cloud();
      const bytes = 300 * 1024;
      const runId = await api.start("haul", { bytes });
      const { status, result } = await api.ended(runId);
      expect(status).toBe("succeeded");
      expect(result).toHaveLength(bytes);
      const Prefix = `blobs/${runId}/`;
      const { Contents: blobs = [] } = await clients.s3.send(
        new ListObjectsV2Command({ Bucket: outputs.BucketName, Prefix }),
      );
      // The same content three times is one object.
      expect(blobs).toHaveLength(1);
    });

    test("a failed branch that nobody awaits yet does not end the process", async () => {
      const { api } = cloud();
      const runId = await api.start("shrug", {});
      expect(await api.ended(runId)).toMatchObject({ status: "succeeded", result: "shrugged at StepError" });
      const fences = new Set((await readCheckpoints(cloud(), runId)).map(({ fence }) => fence));
      expect(fences.size).toBe(2);
    });
  });
}

/** T1: never early. How late is a matter of the machine. */
function expectSlept(
  { status, result }: { readonly status: string; readonly result?: unknown },
  sleepMs: number,
): void {
  expect(status).toBe("succeeded");
  const { sleptAt, wokeAt } = result as { sleptAt: number; wokeAt: number };
  expect(wokeAt - sleptAt).toBeGreaterThanOrEqual(sleepMs);
}
