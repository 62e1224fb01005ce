// The trip example as its author would test it: what is booked, what is undone, and that no crash leaves half a trip.
import { CancelledError, StepError } from "perdure";
import { createTestEnvironment, exploreCrashes } from "perdure/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { bookings, closeAgency } from "./agency.ts";
import { trip } from "./workflow.ts";

const toRome = { traveller: "ada", city: "Rome", departsAt: "2026-05-01T08:00:00Z" };
const toVenice = { ...toRome, city: "Venice" };

describe("a trip", () => {
  beforeEach(closeAgency);

  it("is booked, and stays so", async () => {
    const environment = createTestEnvironment({ workflows: [trip] });
    const run = await environment.start(trip, toRome);
    expect(await run.result()).toMatchObject({ car: expect.stringContaining("car") });
    expect(bookings()).toEqual(["flight", "hotel", "car"]);
  });

  it("is undone, the newest first, when a part of it cannot be had", async () => {
    const environment = createTestEnvironment({ workflows: [trip] });
    const run = await environment.start(trip, toVenice);
    await expect(run.result()).rejects.toThrow(StepError);
    expect(bookings()).toEqual([]);
    const steps = (await run.journal()).filter(({ type }) => type === "step.succeeded");
    expect(steps.map(({ id }) => id)).toEqual(["flight", "hotel", "hotel#undo", "flight#undo"]);
  });

  it("is undone when it is called off before it begins, and only then", async () => {
    const environment = createTestEnvironment({ workflows: [trip] });
    const run = await environment.start(trip, toRome);
    await environment.advance("1 day");
    expect(bookings()).toEqual(["flight", "hotel", "car"]);
    await run.cancel("ada is ill");
    await expect(run.result()).rejects.toThrow(CancelledError);
    expect(bookings()).toEqual([]);
  });

  it("leaves nothing half booked, wherever its process dies", async () => {
    const report = await exploreCrashes(trip, toVenice, {
      reset: closeAgency,
      observe: bookings,
      pairs: 10,
    });
    expect(report.ok, report.text).toBe(true);
  });
});
