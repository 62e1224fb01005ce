import { describe, expect, it } from "vitest";
import { AWS_SETTINGS, cancelRun } from "../../lib/engine/index.ts";
import { CancelledError, type StepError } from "../../lib/sdk/errors.ts";
import { workflow } from "../../lib/sdk/workflow.ts";
import { Lab } from "./lab.ts";
import { unlessQuick } from "./modes.ts";

function shipper(body: (attempt: number) => unknown, options = {}) {
  return workflow("shipper", async (ctx, input) => {
    const { from } = await ctx.step("look up", () => ({ from: "store 4" }));
    return await ctx.step("ship", (s) => ({ from, input, value: body(s.attempt) }), {
      on: "shipping",
      retry: { initial: "10s", jitter: 0 },
      ...options,
    });
  });
}

describe("a step on a step handler", () => {
  it("runs there with all that its body closes over, and its result is recorded once", async () => {
    let runs = 0;
    const w = shipper(() => {
      runs += 1;
      return 1;
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w, { id: 7 });
    expect(await lab.result(runId)).toEqual({ from: "store 4", input: { id: 7 }, value: 1 });
    expect(runs).toBe(1);
    const types = (await lab.entries(runId)).map((entry) => entry.type);
    expect(types).toEqual(["step.succeeded", "step.dispatched", "step.succeeded", "run.succeeded"]);
  });

  it("delivered twice, one after the other or at once, runs once", async () => {
    let runs = 0;
    const w = shipper(() => {
      runs += 1;
      return runs;
    });
    const lab = new Lab([w]);
    lab.watch = ({ port, method, args }) => {
      if (port === "steps" && method === "send") {
        void lab.steps.send(args[0] as string);
        void lab.steps.send(args[0] as string, 5_000);
      }
      return "go on";
    };
    const runId = await lab.start(w);
    expect(await lab.result(runId)).toMatchObject({ value: 1 });
    await lab.pass(60_000);
    expect(runs).toBe(1);
    expect((await lab.store.journal.facts(runId)).length).toBe(1);
  });

  it("is asked for with characters that the queue takes, whatever its name", async () => {
    const w = workflow(
      "w",
      async (ctx) => await ctx.step("ship a\uffff\ufffe\u{1f4a9}b", () => 1, { on: "shipping" }),
    );
    const lab = new Lab([w]);
    const sent: string[] = [];
    lab.watch = ({ port, method, args }) => {
      if (port === "steps" && method === "send") sent.push(String(args[0]));
      return "go on";
    };
    expect(await lab.result(await lab.start(w))).toBe(1);
    // Those of XML 1.0, as SQS documents them.
    expect(sent[0]).toMatch(/^[\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]+$/u);
    expect(JSON.parse(sent[0] ?? "")).toMatchObject({
      idempotencyKey: expect.stringContaining("a\uffff\ufffe"),
    });
  });

  it("whose message comes once more after its result is stored does not run again", async () => {
    let runs = 0;
    const w = workflow("w", async (ctx) => {
      const value = await ctx.step("ship", () => (runs += 1), { on: "shipping" });
      await ctx.sleep("pause", "1 day");
      return value;
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.pass(60_000);
    await lab.steps.send(
      JSON.stringify({ kind: "step", runId, seq: 1, handler: "shipping", idempotencyKey: "k" }),
    );
    expect(await lab.result(runId)).toBe(1);
    expect(runs).toBe(1);
  });

  it("that fails is tried again by its policy, one dispatch for each attempt", async () => {
    const w = shipper((attempt) => {
      if (attempt < 3) throw new Error("carrier is down");
      return attempt;
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    expect(await lab.result(runId)).toMatchObject({ value: 3 });
    const types = (await lab.entries(runId))
      .map((entry) => entry.type)
      .filter((type) => type !== "run.succeeded");
    const attempt = ["step.dispatched", "step.retrying"];
    expect(types).toEqual(["step.succeeded", ...attempt, ...attempt, "step.dispatched", "step.succeeded"]);
  });

  it("whose message is lost is sent again (W4)", async () => {
    const w = shipper(() => 1);
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    lab.watch = ({ port, method }) => (port === "steps" && method === "send" ? "lose" : "go on");
    await lab.settle();
    lab.watch = undefined;
    expect((await lab.run(runId)).waits).toMatchObject([{ kind: "step-handler", id: "ship" }]);
    expect(await lab.result(runId)).toMatchObject({ value: 1 });
  });

  it("whose process dies every time fails with E_STEP_LOST, attempt by attempt", async () => {
    const w = shipper(() => 1, { retry: { maxAttempts: 2, initial: "1s" } });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    lab.watch = ({ port, method, args }) =>
      port === "journal" &&
      method === "putFact" &&
      (args[1] as { outcome?: { ok: boolean } }).outcome?.ok === true
        ? "die before"
        : "go on";
    const error = (await lab.result(runId).catch((thrown: unknown) => thrown)) as StepError;
    expect(error.cause).toMatchObject({ code: "E_STEP_LOST" });
    expect(error.attempt).toBe(2);
  });

  it("that is not deployed stalls the run, naming step and handler, and goes on after a retry", async () => {
    const w = workflow("w", async (ctx) => ctx.step("ship", () => 1, { on: "trains" }));
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await expect(lab.result(runId)).rejects.toThrow(/E_STEP_HANDLER_MISSING .*"ship".*"trains"/);
    lab.deploy(workflow("w", async (ctx) => ctx.step("ship", () => 1, { on: "shipping" })));
    await lab.retry(runId);
    expect(await lab.result(runId)).toBe(1);
  });

  it("that outlives its lease's renewals keeps its claim, and a second delivery waits", async () => {
    let runs = 0;
    const lab: Lab = new Lab([
      workflow("slow", async (ctx) =>
        ctx.step(
          "ship",
          async () => {
            runs += 1;
            await lab.clock.sleep(120_000);
            return runs;
          },
          { on: "shipping" },
        ),
      ),
    ]);
    const runId = await lab.start("slow");
    await lab.settle();
    await lab.steps.send(
      JSON.stringify({ kind: "step", runId, seq: 1, handler: "shipping", idempotencyKey: "k" }),
    );
    expect(await lab.result(runId)).toBe(1);
    await lab.pass(300_000);
    expect(runs).toBe(1);
  });

  it("whose handler lost its claim does not record its own abort as the step's failure", async () => {
    const w = workflow("w", async (ctx) =>
      ctx.step(
        "ship",
        (s) =>
          new Promise((resolve, reject) => {
            s.signal.addEventListener("abort", () => reject(new Error("aborted")));
            if (renewalsWork) resolve("shipped");
          }),
        { on: "shipping", retry: { maxAttempts: 1 } },
      ),
    );
    let renewalsWork = false;
    const lab = new Lab([w]);
    lab.watch = ({ method }) => {
      if (method === "renewStep") {
        renewalsWork = true;
        throw new Error("throttled");
      }
      return "go on";
    };
    expect(await lab.result(await lab.start(w))).toBe("shipped");
  });

  it("one of many on a busy handler is sent once", async () => {
    const w = workflow("w", async (ctx) =>
      Promise.all(
        Array.from({ length: 20 }, (_, i) =>
          ctx.step("ship", () => lab.clock.sleep(1_000).then(() => i), { on: "shipping" }),
        ),
      ),
    );
    const lab: Lab = new Lab([w], { stepConcurrency: 1, settings: { sweepGrainMs: 600_000 } });
    const runId = await lab.start(w);
    await lab.settle();
    await lab.signal(runId, "noise");
    expect(await lab.result(runId)).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect(lab.counts.get("steps.send")).toBe(20);
  });

  it("judges a retry by the error that was thrown, not by its record", async () => {
    class CardStolen extends Error {}
    let runs = 0;
    const options = { retry: { retryIf: (error: unknown) => !(error instanceof CardStolen) } };
    const w = shipper(() => {
      runs += 1;
      throw new CardStolen("stolen");
    }, options);
    const lab = new Lab([w]);
    await expect(lab.result(await lab.start(w))).rejects.toThrow("stolen");
    expect(runs).toBe(1);
  });

  it("that has other code than the activation is no failure of the step: it waits, then asks a person (D1)", async () => {
    const w = shipper(() => "right");
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    const other = workflow("shipper", async (ctx) => ctx.sleep("other", "1h"));
    lab.watch = ({ method }) => {
      // Only the step handler has other code.
      if (method === "claimStep") lab.deploy(other);
      if (method === "claim" || method === "stall") lab.deploy(w);
      return "go on";
    };
    await lab.until(async () => (await lab.run(runId)).status === "stalled");
    expect((await lab.run(runId)).stalled?.code).toBe("E_NONDETERMINISM");
    expect((await lab.entries(runId)).map((entry) => entry.type)).toEqual([
      "step.succeeded",
      "step.dispatched",
    ]);
    lab.watch = undefined;
    lab.deploy(w);
    await lab.retry(runId);
    expect(await lab.result(runId)).toMatchObject({ value: "right" });
  });

  it("that is gone while its step is out stalls the run instead of waiting for ever", async () => {
    const w = shipper(() => 1);
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    lab.watch = ({ port, method }) => (port === "steps" && method === "send" ? "lose" : "go on");
    await lab.settle();
    lab.watch = undefined;
    lab.deploy(
      workflow("shipper", async (ctx) => {
        await ctx.step("look up", () => 1);
        return await ctx.step("ship", () => 1);
      }),
    );
    await expect(lab.result(runId)).rejects.toThrow("E_STEP_HANDLER_MISSING");
  });

  it("is sent although the activation hands off right after the dispatch (W3)", async () => {
    const w = shipper(() => "sent");
    const lab: Lab = new Lab([w], { settings: AWS_SETTINGS, timeoutMs: 33_000, sweepEveryMs: "never" });
    // Loading takes so long that the time to hand off has come by the first entry.
    lab.watch = ({ method }) => (method === "load" ? { answersAfterMs: 3_500 } : "go on");
    expect(await lab.result(await lab.start(w))).toMatchObject({ value: "sent" });
  });

  it.each([
    ["", {}],
    // Each hand-off keeps the check that is to come, as each suspension does.
    [
      ", each of which ends in a hand-off",
      { timeoutMs: 60_000, settings: { ...AWS_SETTINGS, handOffBeforeMs: 70_000 } },
    ],
  ])(
    "whose message is lost is sent again although other causes keep coming%s (W4)",
    async (_how, options) => {
      const w = workflow("w", async (ctx) => {
        let shipped = false;
        const parcel = ctx
          .step("ship", () => "parcel", { on: "shipping" })
          .then(() => {
            shipped = true;
          });
        let beats = 0;
        for (; !shipped && beats < 200; beats += 1) await Promise.race([parcel, ctx.sleep("beat", "5m")]);
        return beats;
      });
      const lab = new Lab([w], { settings: AWS_SETTINGS, ...options });
      lab.watch = ({ port, method }) => {
        if (port !== "steps" || method !== "send") return "go on";
        lab.watch = undefined;
        return "lose";
      };
      expect(await lab.result(await lab.start(w))).toBeLessThan(10);
    },
  );

  it("hears of it when its run is cancelled", async () => {
    let heard: unknown;
    const w = workflow("w", async (ctx) =>
      ctx.step(
        "ship",
        async (s) => {
          await new Promise((resolve) => s.signal.addEventListener("abort", resolve));
          heard = s.signal.reason;
        },
        { on: "shipping" },
      ),
    );
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.pass(1_000);
    await cancelRun(lab.engine, { runId });
    await expect(lab.result(runId)).rejects.toThrow(CancelledError);
    await lab.pass(60_000);
    expect(heard).toBeInstanceOf(CancelledError);
  });

  it("that is to happen at most once is not run again after its process died, whatever its policy", async () => {
    let runs = 0;
    const w = workflow("w", async (ctx) =>
      ctx
        .step(
          "pay",
          async () => {
            runs += 1;
            lab.kill();
            await new Promise(() => {});
          },
          { on: "shipping", semantics: "at-most-once", retry: { maxAttempts: 3 } },
        )
        .catch((error: StepError) => (error.cause as { code?: string }).code),
    );
    const lab = new Lab([w]);
    expect(await lab.result(await lab.start(w))).toBe("E_STEP_INTERRUPTED");
    expect(runs).toBe(1);
  });

  it("whose handler froze before its claim finds the result that another has stored meanwhile", async () => {
    let runs = 0;
    const w = workflow("w", async (ctx) => {
      const value = await ctx.step("ship", () => (runs += 1), { on: "shipping" });
      await ctx.sleep("pause", "1h");
      return value;
    });
    const lab = new Lab([w]);
    let looks = 0;
    lab.watch = ({ method }) => {
      if (method !== "fact") return "go on";
      looks += 1;
      return looks === 1 ? { answersAfterMs: 90_000 } : "go on";
    };
    expect(await lab.result(await lab.start(w))).toBe(1);
    expect(runs).toBe(1);
  });

  it("that a retry revives is sent at once, not at the next check", async () => {
    const w = shipper(() => "right");
    const other = workflow("shipper", async (ctx) => ctx.sleep("other", "1h"));
    const lab = new Lab([w], { settings: AWS_SETTINGS });
    lab.watch = ({ method }) => {
      if (method === "claimStep") lab.deploy(other);
      if (method === "claim" || method === "stall") lab.deploy(w);
      return "go on";
    };
    const runId = await lab.start(w);
    await lab.until(async () => (await lab.run(runId)).status === "stalled");
    lab.watch = undefined;
    lab.deploy(w);
    // The claim of the delivery that stalled it runs out.
    await lab.pass(60_000);
    const retriedAt = lab.clock.now();
    await lab.retry(runId);
    await lab.result(runId);
    expect(lab.clock.now() - retriedAt).toBeLessThan(60_000);
  });

  it.skipIf(unlessQuick("its lease is renewed thousands of times"))(
    "with other code is no lost attempt although the run is leased when the message ends",
    async () => {
      const w = workflow("shipper", async (ctx) =>
        Promise.all([
          ctx.step("slow", () => lab.clock.sleep(3_600_000).then(() => 1)),
          ctx.step("ship", () => 2, { on: "shipping", retry: { maxAttempts: 1 } }),
        ]),
      );
      const other = workflow("shipper", async (ctx) => ctx.sleep("other", "1h"));
      const lab: Lab = new Lab([w], { settings: AWS_SETTINGS });
      lab.watch = ({ method }) => {
        if (method === "claimStep") lab.deploy(other);
        return "go on";
      };
      const runId = await lab.start(w);
      await lab.until(async () => (await lab.run(runId)).status === "stalled");
      lab.watch = undefined;
      lab.deploy(w);
      await lab.retry(runId);
      expect(await lab.result(runId)).toEqual([1, 2]);
    },
  );
});
