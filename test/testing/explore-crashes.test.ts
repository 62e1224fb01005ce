// The crash explorer finds the mistakes it is for, tells promised repetition from a broken promise, and is quiet about
// workflows that are right.
import { workflow } from "perdure";
import { exploreCrashes } from "perdure/testing";
import * as v from "valibot";
import { beforeEach, describe, expect, it } from "vitest";

const outside: string[] = [];
const world = { reset: () => outside.splice(0), observe: () => outside };
beforeEach(() => void world.reset());

/** A payment gateway that knows a call by its key, as a good one does. */
const idempotently = (key: string, effect: string) =>
  outside.includes(`${effect} ${key}`) || outside.push(`${effect} ${key}`);

const sound = workflow("sound", { signals: { go: v.number() } }, async (ctx) => {
  const payment = await ctx.step("charge", (s) => idempotently(s.idempotencyKey, "charged") && "paid");
  await ctx.sleep("cool-off", "3 days");
  const go = await ctx.waitForSignal("go");
  const parcel = await ctx.step("ship", (s) => idempotently(s.idempotencyKey, "shipped") && "parcel", {
    on: "carrier",
  });
  return [payment, go, parcel];
});

const once = workflow("once", async (ctx) => {
  outside.push("mail sent by the workflow's own code");
  return await ctx.step("charge", () => "paid");
});

const timely = workflow("timely", async (ctx) => {
  await ctx.step("a", () => 1);
  await ctx.step("b", () => 2);
  return ctx.now().getTime();
});

const keyless = workflow("keyless", async (ctx) => {
  await ctx.step("mail", () => outside.push("mail") && "sent");
  return "done";
});

describe("exploring crashes", () => {
  it("passes a workflow whose steps hand on their keys, and names what ran again with its key", async () => {
    const report = await exploreCrashes(
      sound,
      {},
      { ...world, during: (run) => run.signal("go", 7), pairs: 30 },
    );
    expect(report.text).toContain("Every run ended");
    expect(report).toMatchObject({ ok: true, changed: [], unended: [], violations: [] });
    expect(report.crashPoints).toBeGreaterThan(40);
    expect(report.runs).toBe(report.crashPoints + 30);
    expect(
      report.steps.map(({ step, readsKey, runsWithoutCrash, mostRuns }) => [
        step,
        readsKey,
        runsWithoutCrash,
        mostRuns > 1,
      ]),
    ).toEqual([
      ["charge", true, 1, true],
      ["ship", true, 1, true],
    ]);
    for (const { step, idempotencyKey, repeatedAt } of report.steps) {
      expect(idempotencyKey).toMatch(new RegExp(`^run_\\w+/${step}$`));
      expect(repeatedAt.length).toBeGreaterThan(0);
    }
    expect(String(report)).toBe(report.text);
    expect(report.text).toMatch(
      /"charge" up to 2 times, 1 without a crash; again with one before call \d+ \(\w+\.\w+\).* Its key is run_/,
    );
  });

  it("finds a side effect in the workflow's own code, which happens again with every replay", async () => {
    const report = await exploreCrashes(once, {}, world);
    expect(report.ok).toBe(false);
    expect(report.changed.length).toBeGreaterThan(0);
    expect(report.changed[0]).toMatchObject({
      what: "observation",
      expected: ["mail sent by the workflow's own code"],
      got: ["mail sent by the workflow's own code", "mail sent by the workflow's own code"],
    });
    expect(report.text).toMatch(/another observation, with a crash (before|after) call \d+ \(\w+\.\w+\)/);
  });

  it("finds a result that depends on the time, and lets the author leave the time out", async () => {
    const report = await exploreCrashes(timely, {});
    expect(report.changed.every(({ what }) => what === "result")).toBe(true);
    expect(report.changed.length).toBeGreaterThan(0);
    expect(report.ok).toBe(false);
    expect((await exploreCrashes(timely, {}, { compare: (at) => at > 0 })).ok).toBe(true);
  });

  it("finds a step that does something twice and never asks for its key", async () => {
    const report = await exploreCrashes(keyless, {}, world);
    expect(report.ok).toBe(false);
    expect(report.steps).toMatchObject([{ step: "mail", readsKey: false, runsWithoutCrash: 1, mostRuns: 2 }]);
    expect(report.text).toContain("It never asks for its idempotency key");
    // What ran again had not been recorded: promised, and no fault of the engine.
    expect(report.violations).toEqual([]);
  });

  it("finds a run that a crash keeps from its end", async () => {
    let processes = 0;
    const forgetful = workflow("forgetful", async (ctx) => {
      await ctx.step("remember", () => (processes += 1));
      return processes > 1 ? await ctx.waitForSignal("never sent") : "done";
    });
    const report = await exploreCrashes(forgetful, {}, { reset: () => (processes = 0) });
    expect(report.unended.length).toBeGreaterThan(0);
    expect(report.unended[0]?.why).toMatch(/nothing is due: it waits for signal "never sent"/);
    expect(report.text).toContain("the run did not end, with a crash");
  });

  it("tells retries from repetition", async () => {
    const flaky = workflow("flaky", async (ctx) =>
      ctx.step(
        "try",
        (s) =>
          s.attempt < 3 ? Promise.reject(new Error("again")) : idempotently(s.idempotencyKey, "done") && "ok",
        {
          retry: { initial: "5s" },
        },
      ),
    );
    const report = await exploreCrashes(flaky, {}, world);
    expect(report.steps).toMatchObject([{ step: "try", runsWithoutCrash: 3, mostRuns: 4 }]);
    expect(report.steps[0]?.repeatedAt.length).toBeLessThan(report.runs);
    expect(report.ok).toBe(true);
  });

  it("reports an end in failure that crashes do not change", async () => {
    const failing = workflow("failing", async (ctx) =>
      ctx.step("fail", () => Promise.reject(new Error("no")), { retry: { maxAttempts: 2 } }),
    );
    expect((await exploreCrashes(failing, {})).ok).toBe(true);
  });

  it("empties the outside world before every run, and looks at it after each", async () => {
    const seen: string[] = [];
    const report = await exploreCrashes(
      timely,
      {},
      { compare: () => 0, reset: () => seen.push("reset"), observe: () => void seen.push("observe") },
    );
    expect(seen).toEqual(Array.from({ length: report.runs + 1 }, () => ["reset", "observe"]).flat());
  });

  it("draws the same pairs for the same seed and others for another", async () => {
    const plans = async (seed: number) => {
      const report = await exploreCrashes(timely, {}, { pairs: 20, seed });
      return report.changed.flatMap(({ crashes }) =>
        crashes.length === 2 ? [crashes.map(({ call, when }) => `${when} ${call}`)] : [],
      );
    };
    const [one, again, other] = [await plans(1), await plans(1), await plans(2)];
    expect(one).toEqual(again);
    expect(one).not.toEqual(other);
  });

  it("runs mocks in place of bodies", async () => {
    const report = await exploreCrashes(keyless, {}, { ...world, mocks: { mail: { returns: "sent" } } });
    expect(report.ok).toBe(true);
    expect(report.steps[0]?.mostRuns).toBe(2);
  });

  it("says what is missing when the run does not end without a crash either", async () => {
    await expect(exploreCrashes(sound, {}, world)).rejects.toThrow(
      /Workflow "sound" does not end without a crash either: .*waits for signal "go"\. Act on the run in the option during\./,
    );
  });

  it("refuses options that do not exist and counts that are none", async () => {
    await expect(exploreCrashes(timely, {}, { pair: 3 } as never)).rejects.toThrow(
      /exploreCrashes has no option "pair"/,
    );
    await expect(exploreCrashes(timely, {}, { pairs: 1.5 })).rejects.toThrow(
      /pairs of exploreCrashes is 1.5/,
    );
  });
});
