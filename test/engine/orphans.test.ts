// Children whose parent dies, or is ended, while it starts them (K1, K2).
import { describe, expect, it } from "vitest";
import { cancelRun, reviveRun, startRun, terminateRun } from "../../lib/engine/index.ts";
import { childRunIdOf } from "../../lib/engine/kinds/child.ts";
import type { Fact } from "../../lib/ports/journal.ts";
import { isClosed } from "../../lib/ports/run.ts";
import { workflow } from "../../lib/sdk/workflow.ts";
import { everyCrash } from "./every-crash.ts";
import { checkInvariants } from "./invariants.ts";
import { type Fate, Lab } from "./lab.ts";
import { unlessPlain } from "./modes.ts";

const DAY_MS = 86_400_000;
const MAX_CALLS = 100;

const sleeps = workflow("sleeps", async (ctx) => {
  await ctx.sleep("long", "30 days");
  return "rested";
});
const awaits = workflow("awaits", async (ctx) => ctx.runChild("one", sleeps, 1));
const leaves = workflow("leaves", async (ctx) => {
  await ctx.startChild("one", sleeps, 1, { onParentClose: "cancel" });
  await ctx.startChild("two", sleeps, 2, { onParentClose: "cancel" });
  await ctx.waitForSignal("end");
});
const END = { cancelRun, terminateRun } as const;

async function family(lab: Lab) {
  const { runs } = await lab.store.index.list({ workflows: ["awaits", "leaves", "sleeps"], limit: 100 });
  return await Promise.all(runs.map(({ runId }) => lab.run(runId)));
}

/** Nobody of the family is left, the whole of it long before the children would have rested. */
async function expectAllOver(lab: Lab, runId: string, where: string): Promise<void> {
  await lab.pass(DAY_MS / 2);
  for (const run of await family(lab)) expect(isClosed(run.status), `${where}: ${run.workflow}`).toBe(true);
  // What was armed for one that was ended at that moment fires into nothing.
  await lab.pass(31 * DAY_MS);
  await checkInvariants(lab, runId);
}

describe.skipIf(unlessPlain("its courses are long"))(
  "a parent that is ended while it starts its children",
  () => {
    describe.each([awaits, leaves])("$name", (parent) => {
      it.each(["cancelRun", "terminateRun"] as const)(
        "leaves none behind, wherever it dies: %s",
        async (end) => {
          const calls = await everyCrash(async (watch, where) => {
            const lab = new Lab([awaits, leaves, sleeps]);
            let died = false;
            lab.watch = async (call) => {
              const fate = await watch(call);
              died ||= fate !== "go on";
              return fate;
            };
            const runId = await lab.start(parent);
            for (let ms = 0; ms < 60_000 && !died; ms += 50) await lab.pass(50);
            await END[end](lab.engine, { runId });
            await expectAllOver(lab, runId, where);
          });
          expect(calls).toBeGreaterThan(8);
        },
      );

      it.each(["cancelRun", "terminateRun"] as const)(
        "leaves none behind when its owner freezes before a call and goes on when all is over: %s",
        async (end) => {
          for (let nth = 1; nth < MAX_CALLS; nth += 1) {
            const lab = new Lab([awaits, leaves, sleeps]);
            const thaw = Promise.withResolvers<void>();
            let came = false;
            lab.watch = async ({ count, port, method }): Promise<Fate> => {
              if (port === "runs" && method === "renew") throw new Error("frozen");
              if (count === nth) {
                came = true;
                await thaw.promise;
              }
              return "go on";
            };
            const runId = await lab.start(parent);
            for (let ms = 0; ms < 5_000 && !came; ms += 10) await lab.pass(10);
            await END[end](lab.engine, { runId });
            await lab.pass(120_000);
            thaw.resolve();
            await lab.pass(5_000);
            await expectAllOver(lab, runId, `frozen at call ${nth}`);
            if (!came) return;
          }
          throw new Error(`more than ${MAX_CALLS} calls`);
        },
      );
    });
  },
);

describe("what was asked of a child that was never made", () => {
  const asked = async (agoMs: number) => {
    const lab = new Lab([sleeps]);
    const fact: Fact = { kind: "cancel", key: "cancel", at: lab.clock.now() };
    await lab.store.journal.putFact("run_child", fact);
    await lab.clock.advance(agoMs);
    await startRun(lab.engine, { workflow: "sleeps", input: 1, runId: "run_child" });
    await lab.settle();
    return (await lab.run("run_child")).status;
  };

  it("ends it before it begins, when it is made after all", async () => {
    expect(await asked(DAY_MS)).toBe("cancelled");
  });

  it("does not concern another child, when the id comes again after all of the family is forgotten", async () => {
    expect(await asked(100 * DAY_MS)).toBe("suspended");
  });
});

describe("a parent that goes on after a long stall", () => {
  it.each([
    [DAY_MS, 1],
    [100 * DAY_MS, 0],
  ])(
    "makes sure of its children only while they cannot have been deleted: %i ms",
    async (stalledMs, made) => {
      let isBroken = true;
      const parent = workflow("leaves", async (ctx) => {
        await ctx.startChild("one", sleeps, 1);
        await ctx.step(isBroken ? "first" : "second", () => "done", isBroken ? {} : {});
        await ctx.waitForSignal("end");
      });
      const lab = new Lab([parent, sleeps]);
      const runId = await lab.start(parent);
      await lab.settle();
      isBroken = false;
      await lab.signal(runId, "end");
      await lab.settle();
      expect((await lab.run(runId)).status).toBe("stalled");
      isBroken = true;
      await lab.pass(stalledMs);
      let creations = 0;
      lab.watch = ({ port, method }) => {
        if (port === "runs" && method === "create") creations += 1;
        return "go on";
      };
      await reviveRun(lab.engine, runId);
      await lab.result(runId);
      expect(creations).toBe(made);
    },
  );
});

describe("a child's run id that is taken", () => {
  const parents = {
    runChild: workflow("awaits", async (ctx) => ctx.runChild("one", sleeps, 1)),
    startChild: workflow("leaves", async (ctx) => ctx.startChild("one", sleeps, 1)),
  };

  it.each(["runChild", "startChild"] as const)(
    "by a run of other content refuses the child: %s",
    async (how) => {
      const parent = parents[how];
      const lab = new Lab([parent, sleeps]);
      const runId = "parent";
      await startRun(lab.engine, { workflow: "sleeps", input: "other", runId: childRunIdOf(runId, "one") });
      await startRun(lab.engine, { workflow: parent.name, input: 1, runId });
      await lab.settle();
      await expect(lab.result(runId)).rejects.toThrow(/started before with other content/);
      // The code was told, and could have gone on.
      expect((await lab.run(runId)).status).toBe("failed");
      expect((await lab.run(childRunIdOf(runId, "one"))).status).toBe("suspended");
    },
  );

  it("is told so before the run is handed on", async () => {
    const lab = new Lab([parents.runChild, sleeps], { settings: { checkpointsPerActivation: 1 } });
    await startRun(lab.engine, { workflow: "sleeps", input: "other", runId: childRunIdOf("parent", "one") });
    await startRun(lab.engine, { workflow: "awaits", input: 1, runId: "parent" });
    await expect(lab.result("parent")).rejects.toThrow(/started before with other content/);
  });

  it("by the child that was made before a crash, with what the code gave it then, is that child", async () => {
    let given = 0;
    const echo = workflow("sleeps", async (_, input) => input);
    const parent = workflow("awaits", async (ctx) => {
      given += 1;
      return await ctx.runChild("one", echo, given);
    });
    const lab = new Lab([parent, echo]);
    let creations = 0;
    lab.watch = ({ port, method }) => {
      if (port !== "runs" || method !== "create") return "go on";
      creations += 1;
      return creations === 1 ? "die after" : "go on";
    };
    const runId = await lab.start(parent);
    expect(await lab.result(runId)).toBe(1);
    expect(creations).toBe(2);
    await checkInvariants(lab, runId);
  });
});
