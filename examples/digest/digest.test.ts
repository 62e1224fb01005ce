// The digest example as its author would test it: months of mornings in milliseconds.
import { createTestEnvironment } from "perdure/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { mail } from "./shop.ts";
import { digest } from "./workflow.ts";

const mornings = {
  id: "digest",
  workflow: "digest",
  input: { to: "ada@example.com" },
  cron: "0 7 * * *",
  timeZone: "Europe/Berlin",
} as const;

describe("the digest", () => {
  beforeEach(() => mail.reset());

  it("comes every morning at seven, also when clocks are changed", async () => {
    const environment = createTestEnvironment({ workflows: [digest], now: new Date("2026-03-27T12:00:00Z") });
    const schedule = await environment.schedule(mornings);
    await environment.advance("3 days");
    expect(mail.all()).toEqual([
      "ada@example.com 2026-03-27: 27 sold",
      "ada@example.com 2026-03-28: 28 sold",
      "ada@example.com 2026-03-29: 29 sold",
    ]);
    const times = (await schedule.standing()).recent.map((run) => run.scheduledFor.toISOString());
    expect(times).toEqual([
      "2026-03-30T05:00:00.000Z",
      "2026-03-29T05:00:00.000Z",
      "2026-03-28T06:00:00.000Z",
    ]);
  });

  it("is held over the holidays, and filled in afterwards", async () => {
    const environment = createTestEnvironment({ workflows: [digest], now: new Date("2026-12-23T12:00:00Z") });
    const schedule = await environment.schedule(mornings);
    await schedule.pause("holidays");
    await environment.advance("4 days");
    expect(mail.all()).toEqual([]);
    await schedule.resume();
    await schedule.backfill({ from: "2026-12-24T00:00:00Z", to: "2026-12-27T12:00:00Z" });
    await environment.settle();
    expect(mail.all().map((text) => text.slice(16, 26))).toEqual([
      "2026-12-23",
      "2026-12-24",
      "2026-12-25",
      "2026-12-26",
    ]);
    expect((await schedule.standing()).counts).toEqual({ started: 4, skipped: 4, missed: 0, failed: 0 });
  });

  it("is sent once a morning, whatever dies", async () => {
    const environment = createTestEnvironment({ workflows: [digest], now: new Date("2026-05-01T12:00:00Z") });
    await environment.schedule(mornings);
    await environment.advance("17 hours");
    environment.crash();
    await environment.advance("1 day");
    expect(mail.all()).toHaveLength(2);
  });
});
