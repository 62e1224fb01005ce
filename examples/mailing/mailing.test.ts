// The mailing example as its author would test it: what fails is told apart from what does not, and nobody gets it twice.
import { createTestEnvironment, exploreCrashes } from "perdure/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { closePost, delivered } from "./post.ts";
import { mailing, national } from "./workflow.ts";

const people = (country: string, count: number) =>
  Array.from({ length: count }, (_, i) => ({ email: `${i}@${country}.example`, country }));
const wrong = (country: string) => ({ email: "nobody", country });

describe("a mailing", () => {
  beforeEach(closePost);

  it("reaches everybody, and says whom it missed", async () => {
    const environment = createTestEnvironment({ workflows: [mailing, national] });
    const customers = [...people("it", 3), ...people("fr", 9), wrong("fr")];
    const run = await environment.start(mailing, { text: "hello", customers });
    expect(await run.result()).toEqual({
      fr: { sent: 9, missed: ["nobody"] },
      it: { sent: 3, missed: [] },
    });
    expect(delivered()).toHaveLength(12);
  });

  it("that misses too many in one country has failed there, and nowhere else", async () => {
    const environment = createTestEnvironment({ workflows: [mailing, national] });
    const customers = [wrong("fr"), wrong("fr"), ...people("it", 3)];
    const run = await environment.start(mailing, { text: "hello", customers });
    expect(await run.result()).toEqual({
      fr: { failed: expect.stringContaining("1 of 2 failed") },
      it: { sent: 3, missed: [] },
    });
  });

  it("is sent once to each, wherever its process dies", async () => {
    const report = await exploreCrashes(
      national,
      { text: "hello", customers: people("it", 3) },
      { reset: closePost, observe: delivered },
    );
    expect(report.ok, report.text).toBe(true);
  });
});
