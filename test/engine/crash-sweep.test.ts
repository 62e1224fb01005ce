// One crash before and one after every call to a port, exhaustively, for workflows of every kind of wait: the run ends
// with the value of the fault-free run, nothing recorded runs again, and what is stored keeps its invariants.
import { describe, expect, it } from "vitest";
import { RetryableError } from "../../lib/sdk/errors.ts";
import { type AnyWorkflow, workflow } from "../../lib/sdk/workflow.ts";
import { checkInvariants } from "./invariants.ts";
import { type Fate, Lab } from "./lab.ts";

interface Subject {
  readonly name: string;
  readonly make: (effects: string[]) => AnyWorkflow;
  /** Acts from outside, each as soon as it can; repeated by a caller whose call got no answer. */
  readonly signals?: readonly (readonly [name: string, payload: unknown, key: string])[];
}

const SUBJECTS: readonly Subject[] = [
  {
    name: "steps one after another",
    make: (effects) =>
      workflow("w", async (ctx) => {
        const values: number[] = [];
        for (let i = 0; i < 4; i += 1)
          values.push(await ctx.step("s", () => effects.push(`s${i}`) && i * 10));
        return values;
      }),
  },
  {
    name: "steps side by side, one of them retried",
    make: (effects) =>
      workflow("w", async (ctx) =>
        Promise.all([
          ctx.step("a", () => effects.push("a") && "A"),
          ctx.step("b", (s) => {
            effects.push(`b${s.attempt}`);
            if (s.attempt === 1) throw new RetryableError("again", { retryAfter: "5s" });
            return `B${s.attempt}`;
          }),
          ctx.step("c", () => effects.push("c") && "C"),
        ]),
      ),
  },
  {
    name: "short and long sleeps",
    make: (effects) =>
      workflow("w", async (ctx) => {
        await ctx.sleep("short", "10s");
        const a = await ctx.step("a", () => effects.push("a") && 1);
        await ctx.sleep("long", "3 days");
        return a + (await ctx.step("b", () => effects.push("b") && 2));
      }),
  },
  {
    name: "signals with a timeout",
    make: (effects) =>
      workflow("w", async (ctx) => {
        const first = await ctx.waitForSignal("go", { timeout: "7 days" });
        await ctx.step("a", () => effects.push("a") && 1);
        return [first, await ctx.waitForSignal("go")];
      }),
    signals: [
      ["go", 1, "k1"],
      ["go", 2, "k2"],
    ],
  },
  {
    name: "a step handler that fails once",
    make: (effects) =>
      workflow("w", async (ctx) => {
        const a = await ctx.step("a", () => effects.push("a") && 1);
        return await ctx.step(
          "b",
          (s) => {
            effects.push(`b${s.attempt}`);
            if (s.attempt === 1) throw new Error("once");
            return a + s.attempt;
          },
          { on: "shipping", retry: { initial: "5s", jitter: 0 } },
        );
      }),
  },
  {
    name: "a race and its loser",
    make: (effects) =>
      workflow("w", async (ctx) => {
        const winner = await Promise.race([
          ctx.sleep("limit", "2 days").then(() => "late"),
          ctx.waitForSignal("go"),
        ]);
        return [winner, await ctx.step("a", () => effects.push("a") && 1)];
      }),
    signals: [["go", "in time", "k1"]],
  },
  {
    name: "a value beyond the table's size",
    make: (effects) =>
      workflow("w", async (ctx) => {
        const big = await ctx.step("big", () => {
          effects.push("big");
          return Array.from({ length: 9_000 }, (_, i) => (i * 7919) % 10_007);
        });
        await ctx.sleep("pause", "1m");
        return big.length;
      }),
  },
  {
    name: "a failure that is caught and undone",
    make: (effects) =>
      workflow("w", async (ctx) => {
        try {
          await ctx.step("a", () => effects.push("a") && Promise.reject(new Error("no")), {
            retry: { maxAttempts: 2, initial: "3s" },
          });
        } catch (error) {
          await ctx.sleep("think", "1h");
          return [(error as Error).message, await ctx.step("undo", () => effects.push("undo") && "undone")];
        }
        return undefined;
      }),
  },
];

/** What a run came to under a crash at one call. */
async function outcomeOf(subject: Subject, watch: (count: number) => Fate) {
  const effects: string[] = [];
  const w = subject.make(effects);
  // Without the sweeper: a crash alone must not need it.
  const lab = new Lab([w], { sweepEveryMs: "never" });
  let calls = 0;
  lab.watch = ({ count }) => {
    calls = count;
    return watch(count);
  };
  const runId = await lab.start(w, { n: 1 }, "order-1");
  for (const [name, payload, key] of subject.signals ?? []) {
    await lab.pass(1_000);
    await lab.signal(runId, name, payload, key);
  }
  const value = await lab.result(runId);
  await lab.pass(10 * 86_400_000);
  await checkInvariants(lab, runId);
  return { value, effects, calls };
}

describe.each(SUBJECTS)("$name", (subject) => {
  it("survives one crash before or after any call", async () => {
    const calm = await outcomeOf(subject, () => "go on");
    expect(calm.calls).toBeGreaterThan(5);
    for (let at = 1; at <= calm.calls; at += 1) {
      for (const fate of ["die before", "die after"] as const) {
        const { value, effects } = await outcomeOf(subject, (count) => (count === at ? fate : "go on"));
        expect(value, `${fate} call ${at}`).toEqual(calm.value);
        // One crash repeats at most what was under way and not recorded: each effect once more, not twice.
        for (const effect of new Set(calm.effects)) {
          const times = effects.filter((one) => one === effect).length;
          const calmTimes = calm.effects.filter((one) => one === effect).length;
          expect(times, `${effect}, ${fate} call ${at}`).toBeGreaterThanOrEqual(calmTimes);
          expect(times, `${effect}, ${fate} call ${at}`).toBeLessThanOrEqual(calmTimes + 1);
        }
      }
    }
  });

  it("survives two crashes at sampled pairs of calls", async () => {
    const calm = await outcomeOf(subject, () => "go on");
    for (let first = 1; first <= calm.calls; first += 3) {
      for (let gap = 1; gap <= 9; gap += 4) {
        const { value } = await outcomeOf(subject, (count) => {
          if (count === first) return "die before";
          return count === first + gap ? "die after" : "go on";
        });
        expect(value, `calls ${first} and ${first + gap}`).toEqual(calm.value);
      }
    }
  });

  it("survives the loss of any one message", async () => {
    const calm = await outcomeOf(subject, () => "go on");
    for (let lost = 1; lost <= 8; lost += 1) {
      const own: string[] = [];
      const w = subject.make(own);
      const lab = new Lab([w]);
      let sends = 0;
      lab.watch = ({ port, method }) => {
        if (!["wakeUps", "steps", "timers"].includes(port) || !["send", "arm"].includes(method))
          return "go on";
        sends += 1;
        return sends === lost ? "lose" : "go on";
      };
      const runId = await lab.start(w, { n: 1 }, "order-1");
      for (const [name, payload, key] of subject.signals ?? []) {
        await lab.pass(1_000);
        await lab.signal(runId, name, payload, key);
      }
      expect(await lab.result(runId), `message ${lost}`).toEqual(calm.value);
      await checkInvariants(lab, runId);
    }
  });
});
