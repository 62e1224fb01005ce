// The webhook example in virtual time: every payload of the package in one test environment, a crash at every point of
// one of them, and a journal of before.
import { createTestEnvironment, exploreCrashes, replayAll } from "perdure/testing";
import { describe, expect, it } from "vitest";
import { allDeliveries } from "./deliveries.ts";
import { githubEvents } from "./workflow.ts";

const deliveries = allDeliveries();
const aPullRequest = deliveries.find(({ event }) => event === "pull_request");
if (aPullRequest === undefined) throw new Error("there is no delivery of a pull request");

describe("a webhook delivery", () => {
  it("of any event becomes a digest after it has settled", async () => {
    const now = new Date("2026-11-21T09:00:00Z");
    const environment = createTestEnvironment({ workflows: [githubEvents], now });
    const runs = await Promise.all(
      deliveries.map((delivery) => environment.start(githubEvents, { ...delivery, settle: "1h" })),
    );
    for (const [i, run] of runs.entries()) {
      const digest = await run.result();
      expect(digest).toMatchObject({ deliveryId: deliveries[i]?.deliveryId });
      expect(digest.headline).toMatch(/^[a-z0-9_]+(\.[a-z_-]+)?$/);
      expect(digest.digestedAt.getTime()).toBeGreaterThanOrEqual(now.getTime() + 3_600_000);
    }
  });

  it("that comes twice under one id is worked on once", async () => {
    const environment = createTestEnvironment({ workflows: [githubEvents] });
    const idempotencyKey = aPullRequest.deliveryId;
    const first = await environment.start(githubEvents, aPullRequest, { idempotencyKey });
    const second = await environment.start(githubEvents, aPullRequest, { idempotencyKey });
    expect(second.runId).toBe(first.runId);
    expect(await second.result()).toEqual(await first.result());
  });

  it("that is no event fails for good, at the first attempt", async () => {
    const environment = createTestEnvironment({ workflows: [githubEvents] });
    const run = await environment.start(githubEvents, { ...aPullRequest, event: "DROP TABLE" });
    await expect(run.result()).rejects.toThrow("is not the name of a GitHub event");
    expect((await run.journal()).map(({ type }) => type)).toEqual(["step.failed", "run.failed"]);
  });

  it("comes to the same digest wherever the process dies; only its time differs", async () => {
    const report = await exploreCrashes(githubEvents, aPullRequest, {
      compare: ({ digestedAt, ...digest }) => digest,
      pairs: 10,
    });
    expect(report.ok, report.text).toBe(true);
    const timed = await exploreCrashes(githubEvents, aPullRequest);
    expect(timed.changed.length).toBeGreaterThan(0);
  });

  it("started by earlier code goes on with this one", async () => {
    const journals = new URL("journals/", import.meta.url);
    expect(await replayAll([journals], [githubEvents])).toMatchObject({ journals: 1 });
  });
});
