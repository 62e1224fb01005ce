// What comes while a turn ends: signals, doubles of signals that were taken, and owners that were replaced long ago.
import { describe, expect, it } from "vitest";
import { isClosed } from "../../lib/ports/run.ts";
import { type Context, workflow } from "../../lib/sdk/index.ts";
import { checkInvariants } from "./invariants.ts";
import { type Fate, Lab, type PortCall } from "./lab.ts";
import { unlessPlain } from "./modes.ts";

const HOUR_MS = 3_600_000;
const ITEMS = ["a", "b", "c"];
const MAX_CALLS = 400;

/** Takes items, two turns a generation, until it has them all. */
const collect = workflow("collect", async (ctx, given): Promise<unknown> => {
  const seen = await ctx.loop("take", given as readonly unknown[], async (c: Context, before, turn) => {
    const item = await c.waitForSignal("item");
    await c.step("send", () => item, { on: "shipping" });
    await c.sleep("rest", "1 hour");
    const more = [...before, item];
    return turn === 1 || more.length === ITEMS.length ? { done: more } : { next: more };
  });
  return seen.length === ITEMS.length ? seen : await ctx.continueAsNew(seen);
});

async function ended(lab: Lab, runId: string, where: string): Promise<void> {
  expect(await lab.result(runId), where).toEqual(ITEMS);
  await lab.pass(3 * HOUR_MS);
  await checkInvariants(lab, runId);
}

/** One course for every call, or every so many: `at` says what is to happen when it comes. */
async function atEveryCall(
  play: (lab: Lab, at: (act: (call: PortCall) => Promise<Fate>) => void, where: string) => Promise<void>,
  stride = 1,
): Promise<void> {
  for (let nth = 1; nth < MAX_CALLS; nth += stride) {
    let came = false;
    const lab = new Lab([collect]);
    await play(
      lab,
      (act) => {
        lab.watch = async (call) => {
          if (call.count !== nth) return "go on";
          came = true;
          return await act(call);
        };
      },
      `call ${nth}`,
    );
    if (!came) return;
  }
  throw new Error(`more than ${MAX_CALLS} calls`);
}

describe.skipIf(unlessPlain("its courses are long"))("while a turn ends", () => {
  it("a signal that comes is taken once, and its doubles never", async () => {
    await atEveryCall(async (lab, at, where) => {
      const [first, ...others] = ITEMS;
      at(async () => {
        await lab.signal(runId, "item", first, first);
        return "go on";
      });
      const runId = await lab.start(collect, []);
      await lab.settle();
      for (const item of others) {
        await lab.signal(runId, "item", item, item);
        await lab.pass(HOUR_MS / 2);
      }
      for (let hour = 0; hour < 8 && !isClosed((await lab.run(runId)).status); hour += 1) {
        for (const item of ITEMS) await lab.signal(runId, "item", item, item).catch(() => {});
        await lab.pass(HOUR_MS / 2);
      }
      const seen = (await lab.result(runId)) as string[];
      expect(seen.toSorted(), where).toEqual(ITEMS);
      await lab.pass(3 * HOUR_MS);
      await checkInvariants(lab, runId);
    });
  });

  it("a double that its sender puts long after the signal was used up is no news", async () => {
    await atEveryCall(async (lab, at, where) => {
      const facts = new Map<string, Parameters<typeof lab.store.journal.putFact>[1]>();
      const remember = async () => {
        for (const fact of await lab.store.journal.facts(runId))
          if (fact.kind === "signal") facts.set(fact.key, fact);
      };
      // A sender that asked whether the key is known before it was used, and slept.
      at(async () => {
        for (const fact of facts.values()) await lab.store.journal.putFact(runId, fact);
        return "go on";
      });
      const runId = await lab.start(collect, []);
      for (const item of ITEMS) await lab.signal(runId, "item", item, item);
      await remember();
      for (let hour = 0; hour < 4; hour += 1) await lab.pass(HOUR_MS);
      await ended(lab, runId, where);
    });
  });

  it.each(["before", "after"] as const)(
    "an owner that freezes %s a call and wakes up hours later changes nothing",
    async (when) => {
      await atEveryCall(async (lab, at, where) => {
        const thaw = Promise.withResolvers<void>();
        at(async () => {
          if (when === "before") await thaw.promise;
          return when === "before" ? "go on" : { answersAfterMs: 2.5 * HOUR_MS };
        });
        const { watch } = lab;
        // Who is frozen renews nothing; the others are quicker than that.
        lab.watch = async (call) => {
          if (call.port === "runs" && call.method === "renew") throw new Error("frozen");
          return (await watch?.(call)) ?? "go on";
        };
        const runId = await lab.start(collect, []);
        for (const item of ITEMS) await lab.signal(runId, "item", item, item);
        await lab.pass(2.2 * HOUR_MS);
        thaw.resolve();
        await lab.pass(HOUR_MS);
        await ended(lab, runId, where);
        // Before one call is after another.
      }, 2);
    },
  );
});
