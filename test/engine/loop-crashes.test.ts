// A run whose turns use everything there is, in processes that die at every call of a port: nothing is lost or done twice across
// the end of a turn, and what comes late for a turn that has ended does no harm.
import { describe, expect, it } from "vitest";
import { completeCallback } from "../../lib/engine/index.ts";
import { isClosed } from "../../lib/ports/run.ts";
import { PerdureError } from "../../lib/sdk/errors.ts";
import { workflow } from "../../lib/sdk/workflow.ts";
import { everyCrash } from "./every-crash.ts";
import { checkInvariants } from "./invariants.ts";
import { Lab } from "./lab.ts";

const TURNS = 2;
const HOUR_MS = 3_600_000;

/** Completing what is over, or was completed before, is answered by an error and changes nothing. */
async function complete(lab: Lab, token: string, answer: unknown): Promise<void> {
  try {
    await completeCallback(lab.engine, token, { ok: true, value: answer });
  } catch (error) {
    if (!(error instanceof PerdureError) || !error.code.startsWith("E_CALLBACK_")) throw error;
  }
}

describe("a run that goes on for ever", () => {
  it("takes each signal once and does each step once, wherever a process dies", async () => {
    const calls = await everyCrash(async (watch, where) => {
      const tokens: { readonly turn: number; readonly token: string }[] = [];
      const half = workflow("half", async (ctx, input) => ctx.step("work", () => (input as number) / 2));
      const steady = workflow("steady", async (ctx) => {
        const seed = await ctx.step("seed", () => "s");
        return await ctx.loop("round", [seed], async (c, seen, turn) => {
          const item = await c.waitForSignal("item");
          const given = await c.waitForCallback<string>("given", (token) => {
            tokens.push({ turn, token });
          });
          // Left open when the turn ends.
          const open = c.waitForCallback("never", (token) => {
            tokens.push({ turn: -1, token });
          });
          await Promise.race([open, c.sleep("rest", "1 hour")]);
          const [child, shipped] = await Promise.all([
            c.runChild("half", half, turn),
            c.step("ship", () => `shipped ${turn}`, { on: "shipping" }),
          ]);
          const more = [...seen, [item, given, child, shipped].join(" ")];
          return turn === TURNS - 1 ? { done: more } : { next: more };
        });
      });
      const lab = new Lab([steady, half]);
      lab.watch = watch;
      const runId = await lab.start(steady);
      for (let hour = 0; hour < 60 && !isClosed((await lab.run(runId)).status); hour += 1) {
        // The same again and again, with the same keys and the same tokens, long after they were taken.
        for (let turn = 0; turn < TURNS; turn += 1)
          await lab.signal(runId, "item", `item ${turn}`, `key ${turn}`).catch(ignoreClosed);
        for (const { turn, token } of tokens) if (turn >= 0) await complete(lab, token, `given ${turn}`);
        await lab.pass(HOUR_MS / 2);
        for (const { turn, token } of tokens)
          if (turn < 0 && hour % 4 === 3) await complete(lab, token, "too late");
      }
      const turns = Array.from(
        { length: TURNS },
        (_, turn) => `item ${turn} given ${turn} ${turn / 2} shipped ${turn}`,
      );
      expect(await lab.result(runId), where).toEqual(["s", ...turns]);
      const done = (await lab.entries(runId)).flatMap((entry) =>
        entry.type === "step.succeeded" || entry.type === "signal.received" ? [entry.id] : [],
      );
      expect(new Set(done).size, where).toBe(done.length);
      // A timer that a process armed with its last call.
      await lab.pass(2 * HOUR_MS);
      await checkInvariants(lab, runId);
    });
    expect(calls).toBeGreaterThan(100);
  });
});

function ignoreClosed(error: unknown): void {
  if (!(error instanceof PerdureError) || error.code !== "E_RUN_CLOSED") throw error;
}
