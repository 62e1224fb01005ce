// What the queues and Scheduler lose, the sweeper finds again (W4): it only costs time.
import { DeleteScheduleCommand } from "@aws-sdk/client-scheduler";
import { describe, expect, test } from "vitest";
import type { Deployment } from "../deployment.ts";
import { readEffect } from "../effects.ts";
import { send, steal, switchActivations } from "../queues.ts";
import { findSchedule } from "../schedules.ts";
import { TIMES } from "../times.ts";
import { until } from "../until.ts";

/** The place in the index is up to two grains away, the next sweep one interval, and an emulator's tick ten seconds. */
const FOUND_WITHIN_MS = 2 * TIMES.sweepGrainMs + 2 * TIMES.sweepEveryMs + 20_000;

/** A dead letter becomes a wake-up that is delayed by a lease: long before the first sweep. */
const REVIVED_WITHIN_MS = TIMES.leaseMs + 120_000;

export interface LostRuns {
  /** Its wake-up is gone. */
  readonly lost: string;
  /** Its wake-up is a dead letter. */
  readonly dead: string;
}

/** Takes the wake-ups of two runs away while nothing else is on the queue. */
export async function loseWakeUps(cloud: Deployment): Promise<LostRuns> {
  const { ActivationQueueUrl: queueUrl, ActivationDeadLetterQueueUrl: deadLetterUrl } = cloud.outputs;
  await switchActivations(cloud, false);
  const lost = await cloud.api.start("nap", { sleepMs: 0 });
  expect(await steal(cloud, queueUrl)).toEqual({ kind: "wake-up", runId: lost, n: 1 });
  const dead = await cloud.api.start("nap", { sleepMs: 0 });
  const letter = await steal(cloud, queueUrl);
  expect(letter).toEqual({ kind: "wake-up", runId: dead, n: 1 });
  await send(cloud, deadLetterUrl, letter);
  await switchActivations(cloud, true);
  return { lost, dead };
}

export function describeLostMessages(cloud: () => Deployment, runs: () => LostRuns): void {
  describe.concurrent("what is lost", () => {
    test("a run whose wake-up was deleted is found by the sweeper, on its own schedule", async () => {
      const { api, clients, outputs } = cloud();
      const run = await api.ended(runs().lost, FOUND_WITHIN_MS);
      expect(run.status).toBe("succeeded");
      expect(await readEffect(clients.dynamo, outputs.EffectsTableName, `${run.runId} before`)).toBe(1);
    });

    test("a dead letter of a run that can go on becomes a new wake-up", async () => {
      const run = await cloud().api.ended(runs().dead, REVIVED_WITHIN_MS);
      expect(run.status).toBe("succeeded");
    });

    test("a sleep whose schedule was deleted ends all the same, late but not early", async () => {
      const { api, clients, outputs } = cloud();
      const { ScheduleGroupName: GroupName } = outputs;
      const sleepMs = TIMES.longTimerMs + 25_000;
      const runId = await api.start("nap", { sleepMs });
      await api.suspended(runId, "sleep");
      const name = await until({ what: "the schedule of the sleep", withinMs: 30_000 }, async () => {
        return await findSchedule(cloud(), runId);
      });
      await clients.scheduler.send(new DeleteScheduleCommand({ GroupName, Name: name }));
      const run = await api.ended(runId, sleepMs + FOUND_WITHIN_MS);
      expect(run.status).toBe("succeeded");
      const { sleptAt, wokeAt } = run.result as { sleptAt: number; wokeAt: number };
      expect(wokeAt - sleptAt).toBeGreaterThanOrEqual(sleepMs);
    });
  });
}
