// The delivery example as its author would test it: what is seen of a run from outside.
import { createTestEnvironment, exploreCrashes } from "perdure/testing";
import { describe, expect, it } from "vitest";
import { delivery } from "./workflow.ts";

const aParcel = { parcel: "P-7", customer: "ada" };

describe("a delivery", () => {
  it("shows where the parcel is, without being woken", async () => {
    const environment = createTestEnvironment({ workflows: [delivery] });
    const run = await environment.start(delivery, aParcel);
    await run.signal("scanned", { place: "Lyon" });
    await environment.advance("1 day");
    expect(await run.state()).toMatchObject({ place: "Lyon", places: 1, since: expect.any(Date) });
    expect(await run.attributes()).toEqual({ parcel: "P-7", customer: "ada", stage: "on its way" });
    expect(environment.events()).toEqual([]);
  });

  it("tells the world when it has arrived", async () => {
    const environment = createTestEnvironment({ workflows: [delivery] });
    const run = await environment.start(delivery, aParcel);
    await run.signal("scanned", { place: "Lyon" });
    await run.signal("scanned", { place: "Nice", delivered: true });
    expect(await run.result()).toEqual(["Lyon", "Nice"]);
    expect(await run.attributes()).toMatchObject({ stage: "delivered" });
    expect(environment.events()).toMatchObject([
      { type: "parcel.delivered", runId: run.runId, detail: { parcel: "P-7", place: "Nice" } },
    ]);
  });

  it("loses nothing of that, wherever its process dies", async () => {
    const seen: unknown[] = [];
    const report = await exploreCrashes(delivery, aParcel, {
      reset: () => {
        seen.length = 0;
      },
      during: async (run, environment) => {
        await run.signal("scanned", { place: "Nice", delivered: true });
        await run.result();
        const events = environment.events().map(({ type }) => type);
        seen.push(events, await run.attributes(), await run.state());
      },
      observe: () => JSON.stringify(seen).replaceAll(/\d{4}-[\d-]+T[\d:.]+Z/g, "some time"),
    });
    expect(report.ok, report.text).toBe(true);
  });
});
