// A workflow in a user's test: time, steps, signals, crashes and deployments, all without anything global.
import { readFile } from "node:fs/promises";
import { RetryableError, TimeoutError, workflow } from "perdure";
import { createTestEnvironment } from "perdure/testing";
import * as v from "valibot";
import { describe, expect, it, vi } from "vitest";

const YEAR_MS = 365 * 86_400_000;

const patient = workflow("patient", async (ctx) => {
  const before = ctx.now();
  await ctx.sleep("a year", "365 days");
  return ctx.now().getTime() - before.getTime();
});

const Approval = v.object({ by: v.string() });
const asking = workflow("asking", { signals: { approved: Approval } }, async (ctx) => {
  const first = await ctx.waitForSignal("approved", { timeout: "7 days" });
  const second = await ctx.waitForSignal("approved");
  return [first.by, second.by];
});

const charging = workflow("charging", { input: v.object({ cents: v.number() }) }, async (ctx, { cents }) => {
  const payment = await ctx.step(
    "charge",
    (): { id: string } => Promise.reject(new Error("no network here")) as never,
    {
      retry: { maxAttempts: 3, initial: "10s", jitter: 0 },
      timeout: "30s",
    },
  );
  return `${payment.id} over ${cents}`;
});

describe("virtual time", () => {
  it("lets a year of sleep pass while the test waits for the result", async () => {
    const environment = createTestEnvironment({ workflows: [patient] });
    const startedAt = environment.now().getTime();
    const run = await environment.start(patient, {});
    expect(await run.result()).toBeGreaterThanOrEqual(YEAR_MS);
    expect(await run.status()).toBe("succeeded");
    expect(environment.now().getTime() - startedAt).toBeLessThan(YEAR_MS + 10_000);
  });

  it("starts where the test says and passes as far as it says", async () => {
    const environment = createTestEnvironment({
      workflows: [patient],
      now: new Date("2030-05-01T00:00:00Z"),
    });
    const run = await environment.start(patient, {});
    await environment.advance("364 days");
    expect(environment.now()).toEqual(new Date("2031-04-30T00:00:00Z"));
    expect(await run.status()).toBe("suspended");
    expect(await run.waits()).toMatchObject([{ kind: "sleep", id: "a year" }]);
    await environment.advance("2 days");
    expect(await run.status()).toBe("succeeded");
  });

  it("stands still while only what is due now is done", async () => {
    const environment = createTestEnvironment({ workflows: [patient] });
    const before = environment.now();
    const run = await environment.start(patient, {});
    expect(await run.status()).toBe("pending");
    await environment.settle();
    expect(await run.status()).toBe("suspended");
    expect(environment.now()).toEqual(before);
  });

  it("stands still while a step's body does real work", async () => {
    const reading = workflow("reading", async (ctx) =>
      ctx.step("read", () => readFile(import.meta.filename, "utf8"), {
        timeout: "10ms",
      }),
    );
    const environment = createTestEnvironment({ workflows: [reading] });
    const before = environment.now();
    const run = await environment.start(reading, {});
    expect(await run.result()).toContain("does real work");
    expect(environment.now()).toEqual(before);
  });

  it("is not moved by a body that never ends; the test is told which", async () => {
    const hanging = workflow("hanging", async (ctx) => ctx.step("hang", () => new Promise<void>(() => {})));
    const environment = createTestEnvironment({ workflows: [hanging], patience: "20ms" });
    const run = await environment.start(hanging, {});
    await expect(run.result()).rejects.toThrow(
      /step "hang" of run run_\w+ has worked for 20 ms of real time/,
    );
  });

  it("leaves the global clock and timers alone, and works under fake ones", async () => {
    const globals = () => [
      Date,
      Date.now,
      setTimeout,
      setInterval,
      setImmediate,
      clearTimeout,
      queueMicrotask,
      fetch,
    ];
    const before = globals();
    const realBefore = Date.now();
    const environment = createTestEnvironment({ workflows: [patient] });
    const run = await environment.start(patient, {});
    await run.result();
    expect(globals().every((one, i) => one === before[i])).toBe(true);
    expect(Date.now() - realBefore).toBeLessThan(YEAR_MS);
    vi.useFakeTimers();
    try {
      expect(await (await environment.start(patient, { again: true })).result()).toBeGreaterThanOrEqual(
        YEAR_MS,
      );
    } finally {
      vi.useRealTimers();
    }
  });

  it("is each environment's own", async () => {
    const one = createTestEnvironment({ workflows: [patient] });
    const other = createTestEnvironment({ workflows: [patient] });
    await one.advance("1 day");
    expect(one.now().getTime() - other.now().getTime()).toBe(86_400_000);
  });
});

describe("a mocked step", () => {
  it("gives the workflow what the mock returns, recorded like a real result", async () => {
    const environment = createTestEnvironment({ workflows: [charging] });
    environment.mockStep(charging, "charge", { returns: { id: "pay_1" } });
    const run = await environment.start(charging, { cents: 5 });
    expect(await run.result()).toBe("pay_1 over 5");
    expect(await run.journal()).toMatchObject([
      { seq: 1, type: "step.succeeded", id: "charge", attempt: 1, value: { id: "pay_1" } },
      { seq: 2, type: "run.succeeded", value: "pay_1 over 5" },
    ]);
  });

  it("is retried by the step's own policy, and sees the attempt and the key", async () => {
    const environment = createTestEnvironment({ workflows: [charging] });
    const seen: unknown[] = [];
    environment.mockStep(charging, "charge", ({ attempt, idempotencyKey }) => {
      seen.push([attempt, idempotencyKey]);
      if (attempt === 1) throw new Error("503");
      if (attempt === 2) throw new RetryableError("slow down", { retryAfter: "1h" });
      return { id: `pay_${attempt}` };
    });
    const run = await environment.start(charging, { cents: 5 }, { idempotencyKey: "order-1" });
    const before = environment.now().getTime();
    expect(await run.result()).toBe("pay_3 over 5");
    expect(seen).toEqual([1, 2, 3].map((attempt) => [attempt, `${run.runId}/charge`]));
    expect(environment.now().getTime() - before).toBeGreaterThanOrEqual(3_610_000);
  });

  it("that fails uses up its attempts", async () => {
    const environment = createTestEnvironment({ workflows: [charging] });
    environment.mockStep(charging, "charge", { fails: new Error("card declined") });
    const run = await environment.start(charging, { cents: 5 });
    await expect(run.result()).rejects.toThrow('step "charge" failed at attempt 3: Error: card declined');
    expect((await run.journal()).map(({ type }) => type)).toEqual([
      "step.retrying",
      "step.retrying",
      "step.failed",
      "run.failed",
    ]);
    expect(await run.status()).toBe("failed");
  });

  it("that takes longer than the step's timeout times out, in virtual time", async () => {
    const environment = createTestEnvironment({ workflows: [charging] });
    environment.mockStep(charging, "charge", { takes: "2m", returns: { id: "late" } });
    const run = await environment.start(charging, { cents: 5 });
    const error: unknown = await run.result().catch((thrown: unknown) => thrown);
    expect((error as Error).cause).toBeInstanceOf(TimeoutError);
  });

  it("that takes its time within the timeout succeeds", async () => {
    const environment = createTestEnvironment({ workflows: [charging] });
    environment.mockStep(charging, "charge", { takes: "20s", returns: { id: "slow" } });
    const before = environment.now().getTime();
    expect(await (await environment.start(charging, { cents: 1 })).result()).toBe("slow over 1");
    expect(environment.now().getTime() - before).toBeGreaterThanOrEqual(20_000);
  });

  it("of a step handler runs there, and one whose step never ran is told", async () => {
    const shipping = workflow("shipping", async (ctx) => ctx.step("ship", () => "real", { on: "carrier" }));
    const environment = createTestEnvironment({ workflows: [shipping, charging] });
    environment.mockStep(shipping, "ship", { returns: "mocked" });
    environment.mockStep(shipping, "shipp", { returns: "never" });
    environment.mockStep(charging, "charge", { returns: "never" });
    expect(await (await environment.start(shipping, {})).result()).toBe("mocked");
    expect(environment.unusedMocks()).toEqual(["shipping/shipp", "charging/charge"]);
  });
});

describe("a signal", () => {
  it("reaches the run, buffered or awaited", async () => {
    const environment = createTestEnvironment({ workflows: [asking] });
    const run = await environment.start(asking, {});
    await run.signal("approved", { by: "ada" });
    await environment.advance("1 day");
    expect(await run.waits()).toEqual([{ kind: "signal", id: "approved#2" }]);
    await run.signal("approved", { by: "grace" });
    expect(await run.result()).toEqual(["ada", "grace"]);
  });

  it("that never comes times out in virtual time", async () => {
    const environment = createTestEnvironment({ workflows: [asking] });
    const run = await environment.start(asking, {});
    await expect(run.result()).rejects.toThrow(TimeoutError);
  });

  it("without a timeout that never comes ends the test with what the run waits for", async () => {
    const environment = createTestEnvironment({ workflows: [asking] });
    const run = await environment.start(asking, {});
    await run.signal("approved", { by: "ada" });
    await expect(run.result()).rejects.toThrow(
      /is suspended and nothing is due: it waits for signal "approved#2"/,
    );
  });

  it("with a payload that does not fit is refused, and one sent twice under a key is one", async () => {
    const environment = createTestEnvironment({ workflows: [asking] });
    const run = await environment.start(asking, {});
    await expect(run.signal("approved", { by: 3 } as never)).rejects.toThrow("E_INVALID_INPUT");
    for (const _time of [1, 2]) await run.signal("approved", { by: "ada" }, { idempotencyKey: "a" });
    await run.signal("approved", { by: "grace" });
    expect(await run.result()).toEqual(["ada", "grace"]);
  });
});

describe("an environment", () => {
  it("starts a run once for an idempotency key, and refuses input that does not fit", async () => {
    const environment = createTestEnvironment({ workflows: [charging] });
    const [one, two] = [
      await environment.start(charging, { cents: 1 }, { idempotencyKey: "k" }),
      await environment.start(charging, { cents: 1 }, { idempotencyKey: "k" }),
    ];
    expect(one.runId).toBe(two.runId);
    await expect(environment.start(charging, { cents: "1" } as never)).rejects.toThrow("E_INVALID_INPUT");
  });

  it("goes on after its process was killed, and repeats nothing that was recorded", async () => {
    const effects: string[] = [];
    const working = workflow("working", async (ctx) => {
      await ctx.step("a", () => effects.push("a"));
      await ctx.step("b", () => effects.push("b"));
      await ctx.sleep("pause", "1h");
      await ctx.step("c", () => effects.push("c"));
    });
    const environment = createTestEnvironment({ workflows: [working] });
    const run = await environment.start(working, {});
    await environment.settle();
    environment.crash();
    await run.result();
    expect(effects).toEqual(["a", "b", "c"]);
  });

  it.each([
    ["goes on", async () => "done"],
    ["never ends", async () => new Promise<string>(() => {})],
  ])("runs a body again that its process died in, when that body %s", async (_what, goOn) => {
    const attempts: number[] = [];
    const dying = workflow("dying", async (ctx) =>
      ctx.step("die", async ({ attempt }) => {
        attempts.push(attempt);
        if (attempts.length > 1) return "done";
        // In the middle of real work, which the environment waits for.
        await readFile(import.meta.filename);
        environment.crash();
        return await goOn();
      }),
    );
    const environment = createTestEnvironment({ workflows: [dying] });
    expect(await (await environment.start(dying, {})).result()).toBe("done");
    expect(attempts).toEqual([1, 1]);
  });

  it("stalls a run under code that diverges, and takes it up again under the right one", async () => {
    const renamed = workflow("charging", async (ctx) => ctx.step("pay", () => "paid"));
    const environment = createTestEnvironment({ workflows: [charging] });
    environment.mockStep(charging, "charge", { fails: new Error("503") });
    const run = await environment.start(charging, { cents: 1 });
    await environment.settle();
    environment.deploy(renamed);
    await expect(run.result()).rejects.toThrow(/is stalled: E_NONDETERMINISM.*step "charge".*step "pay"/);
    environment.deploy(charging);
    environment.mockStep(charging, "charge", { returns: { id: "pay_2" } });
    await environment.retry(run.runId);
    expect(await run.result()).toBe("pay_2 over 1");
  });

  it.each([
    [
      "an option that does not exist",
      { workflow: [patient] },
      /createTestEnvironment has no option "workflow"; there are: workflows, now/,
    ],
    [
      "no options",
      null,
      /createTestEnvironment was given null; its options are an object with: workflows, now/,
    ],
    ["no workflow", { workflows: [] }, /workflows of createTestEnvironment must be a list/],
    ["what is no workflow", { workflows: [undefined] }, /must be a list of what workflow\(\) gave/],
    [
      "a setting that does not exist",
      { workflows: [patient], settings: { leaseSeconds: 3 } },
      /has no option "leaseSeconds"/,
    ],
    [
      "settings that do not fit each other",
      { workflows: [patient], settings: { leaseMs: 9_999_999 } },
      /leaseMs \(9999999\)/,
    ],
    [
      "a time that is none",
      { workflows: [patient], now: new Date("tomorrow") },
      /now of createTestEnvironment/,
    ],
    [
      "patience that is no duration",
      { workflows: [patient], patience: "a while" },
      /patience of createTestEnvironment is "a while"/,
    ],
  ])("refuses %s with a sentence", (_what, options, sentence) => {
    expect(() => createTestEnvironment(options as never)).toThrow(sentence);
    expect(() => createTestEnvironment(options as never)).toThrow("E_BAD_OPTION");
  });

  it.each([
    ["nothing", {}, /must be a function, \{ returns \} or \{ fails \}/],
    ["both", { returns: 1, fails: 2 }, /must be a function/],
    ["a typing error", { returns: 1, take: "1s" }, /has no option "take"/],
    ["no duration", { returns: 1, takes: "soon" }, /takes of the mock of step "charge" is "soon"/],
  ])("refuses a mock that is %s", (_what, mock, sentence) => {
    const environment = createTestEnvironment({ workflows: [charging] });
    expect(() => environment.mockStep(charging, "charge", mock as never)).toThrow(sentence);
  });

  it("refuses a mock for a workflow it does not have", () => {
    const environment = createTestEnvironment({ workflows: [charging] });
    expect(() => environment.mockStep(patient, "nap", { returns: 1 })).toThrow(
      'There is no workflow "patient"',
    );
  });
});
