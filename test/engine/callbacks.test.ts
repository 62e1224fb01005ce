// Waits that somebody outside ends.
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { completeCallback, heartbeatCallback, terminateRun } from "../../lib/engine/index.ts";
import { CallbackError, TerminalError, TimeoutError } from "../../lib/sdk/errors.ts";
import { workflow } from "../../lib/sdk/workflow.ts";
import { around } from "./around.ts";
import { crashPoints } from "./crash-points.ts";
import { checkInvariants } from "./invariants.ts";
import { type Fate, Lab } from "./lab.ts";
import { isPlain, unlessQuick } from "./modes.ts";

const value = (result: unknown) => ({ ok: true, value: result }) as const;

describe("a callback", () => {
  it("gives what it was completed with, once, and tells who comes later", async () => {
    let token = "";
    const w = workflow("w", async (ctx) => {
      const paid = await ctx.waitForCallback("payment", (given) => {
        token = given;
      });
      await ctx.sleep("then", "1 day");
      return paid;
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.settle();
    expect((await lab.run(runId)).waits).toEqual([{ kind: "callback", id: "payment" }]);
    const completed = { runId, callback: "payment" };
    expect(await completeCallback(lab.engine, token, value({ cents: 5n }))).toEqual({
      ...completed,
      stored: true,
    });
    expect(await completeCallback(lab.engine, token, value({ cents: 5n }))).toEqual({
      ...completed,
      stored: false,
    });
    await expect(completeCallback(lab.engine, token, value("other"))).rejects.toThrow("E_CALLBACK_COMPLETED");
    expect(await lab.result(runId)).toEqual({ cents: 5n });
    await expect(completeCallback(lab.engine, token, value("other"))).rejects.toThrow("E_CALLBACK_COMPLETED");
    await checkInvariants(lab, runId);
  });

  it("never has its token in the store", async () => {
    let token = "";
    const w = workflow("w", async (ctx) =>
      ctx.waitForCallback("c", (given) => {
        token = given;
      }),
    );
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.settle();
    const secret = token.split(".")[1] ?? "";
    expect(secret).toHaveLength(43);
    expect(JSON.stringify([await lab.store.journal.load(runId), await lab.run(runId)])).not.toContain(secret);
    for (const wrong of ["", "cb_", `${token}x`, token.replace(/.$/, "_"), `cb_AAAA.${secret}`])
      await expect(completeCallback(lab.engine, wrong, value(1))).rejects.toThrow("E_CALLBACK_NOT_FOUND");
  });

  it("may be completed before its submit has returned", async () => {
    const w = workflow("w", async (ctx) =>
      ctx.waitForCallback("c", async (token) => {
        await completeCallback(lab.engine, token, value("quick"));
      }),
    );
    const lab = new Lab([w]);
    expect(await lab.result(await lab.start(w))).toBe("quick");
  });

  it("that is late is told so, and changes nothing", async () => {
    let token = "";
    const w = workflow("w", async (ctx) =>
      ctx
        .waitForCallback(
          "c",
          (given) => {
            token = given;
          },
          { timeout: "1 hour" },
        )
        .catch(async (error: unknown) => {
          await ctx.sleep("then", "1 day");
          return error instanceof TimeoutError;
        }),
    );
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.pass(2 * 3_600_000);
    await expect(completeCallback(lab.engine, token, value(1))).rejects.toThrow("E_CALLBACK_CLOSED");
    expect(await lab.result(runId)).toBe(true);
    await expect(completeCallback(lab.engine, token, value(1))).rejects.toThrow("E_CALLBACK_CLOSED");
  });

  it("and its timeout never both win, wherever the run's process dies", async () => {
    const outcomes = new Set<string>();
    for (const crash of crashPoints(39)) {
      let token = "";
      const w = workflow("w", async (ctx) =>
        ctx
          .waitForCallback(
            "c",
            (given) => {
              token = given;
            },
            { timeout: "1 hour" },
          )
          .catch(() => "timed out"),
      );
      const lab = new Lab([w]);
      const runId = await lab.start(w);
      let accepted = false;
      lab.watch = async ({ count }) => {
        if (count === crash && token !== "")
          accepted = await completeCallback(lab.engine, token, value("in time")).then(
            () => true,
            () => false,
          );
        return count === crash ? "die after" : "go on";
      };
      const result = await lab.result(runId);
      expect(result).toBe(accepted ? "in time" : "timed out");
      outcomes.add(String(result));
    }
    if (isPlain) expect(outcomes.size).toBe(2);
  });

  it("completed with an error rejects with it", async () => {
    const w = workflow("w", async (ctx) =>
      ctx
        .waitForCallback("c", (token) =>
          completeCallback(lab.engine, token, { ok: false, error: new Error("no funds") }),
        )
        .catch((error: unknown) => error instanceof CallbackError && (error.cause as Error).message),
    );
    const lab = new Lab([w]);
    expect(await lab.result(await lab.start(w))).toBe("no funds");
  });

  it("whose submit fails for good rejects with that", async () => {
    const w = workflow("w", async (ctx) =>
      ctx
        .waitForCallback(
          "c",
          () => {
            throw new Error("nobody there");
          },
          { retry: { maxAttempts: 2 } },
        )
        .catch((error: Error) => error.message),
    );
    const lab = new Lab([w]);
    expect(await lab.result(await lab.start(w))).toContain("nobody there");
  });

  it("whose value does not fit its schema rejects, and is the same on replay", async () => {
    let token = "";
    const w = workflow("w", async (ctx) => {
      const refused = await ctx
        .waitForCallback(
          "c",
          (given) => {
            token = given;
          },
          { schema: v.object({ n: v.number() }) },
        )
        .catch((error: Error) => error.message);
      await ctx.sleep("then", "1 day");
      return refused;
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.settle();
    await completeCallback(lab.engine, token, value({ n: "x" }));
    expect(await lab.result(runId)).toContain("/n");
  });

  it("is kept alive by heartbeats, and ends without them", async () => {
    let token = "";
    const w = workflow("w", async (ctx) =>
      ctx
        .waitForCallback(
          "c",
          (given) => {
            token = given;
          },
          { heartbeatTimeout: "10m" },
        )
        .catch((error: Error) => `${ctx.now().getTime() - began}: ${error.message}`),
    );
    const lab = new Lab([w]);
    const began = lab.clock.now();
    const runId = await lab.start(w);
    for (let beat = 0; beat < 4; beat += 1) {
      await lab.pass(5 * 60_000);
      await heartbeatCallback(lab.engine, token);
    }
    expect((await lab.run(runId)).status).toBe("suspended");
    const result = String(await lab.result(runId));
    expect(result).toContain("heartbeat");
    expect(Math.round(Number(result.split(":")[0]) / 60_000)).toBe(30);
    await expect(heartbeatCallback(lab.engine, token)).rejects.toThrow("E_CALLBACK_CLOSED");
  });

  it.skipIf(unlessQuick("its lease is renewed thousands of times"))(
    "is kept alive by heartbeats that come while its run is at work",
    async () => {
      let token = "";
      const w = workflow("w", async (ctx) => {
        const submit = (given: string) => {
          token = given;
        };
        const wait = ctx.waitForCallback("c", submit, { heartbeatTimeout: "10m" });
        await ctx.step("long", async () => lab.clock.sleep(40 * 60_000));
        return await wait.catch((error: Error) => error.message);
      });
      const lab = new Lab([w]);
      const runId = await lab.start(w);
      for (let beat = 0; beat < 9; beat += 1) {
        await lab.pass(5 * 60_000);
        await heartbeatCallback(lab.engine, token);
      }
      await completeCallback(lab.engine, token, value("done"));
      expect(await lab.result(runId)).toBe("done");
    },
  );

  it("that is heard of in the moment in which it would end waits on, and ends when nothing follows", async () => {
    let token = "";
    const w = workflow("w", async (ctx) => {
      const submit = (given: string) => {
        token = given;
      };
      return await ctx
        .waitForCallback("c", submit, { heartbeatTimeout: "10m" })
        .catch(() => ctx.now().getTime() - began);
    });
    const lab = new Lab([w], { sweepEveryMs: "never" });
    const began = lab.clock.now();
    let wasHeard = false;
    lab.watch = async ({ method }): Promise<Fate> => {
      // The notes were read before, and the time is up.
      if (method !== "note" || wasHeard) return "go on";
      wasHeard = true;
      await heartbeatCallback(lab.engine, token);
      return "go on";
    };
    const runId = await lab.start(w);
    expect(await lab.result(runId)).toBe(20 * 60_000);
  });

  it("that ended for want of heartbeats says so, also when the process that ended it died", async () => {
    const w = workflow("w", async (ctx) =>
      ctx.waitForCallback("c", () => {}, { heartbeatTimeout: "10m", timeout: "1 day" }),
    );
    const lab = new Lab([w]);
    lab.watch = ({ method, args }) =>
      method === "putFact" && JSON.stringify(args).includes("timed_out") ? "die after" : "go on";
    const runId = await lab.start(w);
    await expect(lab.result(runId)).rejects.toThrow("heartbeat");
    await checkInvariants(lab, runId);
  });

  it("of a run that has ended is closed, also when it ends in this moment", async () => {
    let token = "";
    const w = workflow("w", async (ctx) => {
      const wait = ctx.waitForCallback("c", (given) => {
        token = given;
      });
      await Promise.race([wait, ctx.sleep("an hour", "1 hour")]);
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.result(runId);
    const facts = await lab.store.journal.facts(runId);
    await expect(completeCallback(lab.engine, token, value(1))).rejects.toThrow("E_CALLBACK_CLOSED");
    expect(await lab.store.journal.facts(runId)).toEqual(facts);

    const other = await lab.start(w);
    await lab.settle();
    const after = async () => void (await terminateRun(lab.engine, { runId: other }));
    const ending = around(lab, "journal", "putFact", { after });
    await expect(completeCallback(ending, token, value(1))).rejects.toThrow("E_CALLBACK_CLOSED");
  });

  it("whose completer died half-way goes on when somebody completes it again, the same way or not", async () => {
    for (const next of ["same", "other"]) {
      let token = "";
      const w = workflow("w", async (ctx) =>
        ctx.waitForCallback("c", (given) => {
          token = given;
        }),
      );
      const lab = new Lab([w], { sweepEveryMs: "never" });
      const runId = await lab.start(w);
      await lab.settle();
      const before = async () => {
        throw new Error("the caller is dead");
      };
      const dying = around(lab, "runs", "raise", { before });
      await expect(completeCallback(dying, token, value("same"))).rejects.toThrow("dead");
      const again = completeCallback(lab.engine, token, value(next));
      if (next === "same") expect(await again).toMatchObject({ stored: false });
      else await expect(again).rejects.toThrow("E_CALLBACK_COMPLETED");
      expect(await lab.result(runId)).toBe("same");
    }
  });

  it("whose submit has failed is closed to the outside", async () => {
    let token = "";
    const w = workflow("w", async (ctx) => {
      const submit = (given: string) => {
        token = given;
        throw new TerminalError("nobody there");
      };
      await ctx.waitForCallback("c", submit).catch(() => {});
      await ctx.sleep("then", "1 day");
    });
    const lab = new Lab([w]);
    await lab.start(w);
    await lab.pass(10_000);
    await expect(completeCallback(lab.engine, token, value(1))).rejects.toThrow("E_CALLBACK_CLOSED");
  });

  it("that nobody waits for any more is not submitted", async () => {
    let submits = 0;
    const w = workflow("w", async (ctx) => {
      const submit = () => {
        submits += 1;
        throw new Error("nobody there");
      };
      const options = {
        timeout: "1 hour",
        retry: { initial: "2 hours", max: "2 hours", jitter: 0 },
      } as const;
      await ctx.waitForCallback("c", submit, options).catch(() => {});
      await ctx.sleep("then", "3 days");
    });
    const lab = new Lab([w]);
    await lab.result(await lab.start(w));
    expect(submits).toBe(1);
  });

  it("that the code gives up is closed to the outside", async () => {
    let token = "";
    const w = workflow("w", async (ctx) => {
      const wait = ctx.waitForCallback("c", (given) => {
        token = given;
      });
      await ctx.sleep("a second", "1s");
      wait.cancel();
      await ctx.sleep("then", "1 day");
    });
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.pass(10_000);
    await expect(completeCallback(lab.engine, token, value(1))).rejects.toThrow("E_CALLBACK_CLOSED");
    await lab.result(runId);
  });
});
