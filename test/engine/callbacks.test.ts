// Waits that somebody outside ends.
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import {
  completeCallback,
  decideApproval,
  heartbeatCallback,
  pauseRun,
  resumeRun,
  terminateRun,
} from "../../lib/engine/index.ts";
import { CallbackError, TerminalError, TimeoutError } from "../../lib/sdk/errors.ts";
import { type AnyWorkflow, workflow } from "../../lib/sdk/workflow.ts";
import { checkInvariants } from "./invariants.ts";
import { type Fate, Lab } from "./lab.ts";

const value = (result: unknown) => ({ ok: true, value: result }) as const;

interface Around {
  readonly before?: () => Promise<void>;
  readonly after?: () => Promise<void>;
}

/** The lab's engine, where something happens before or after a call of its store. */
function around(lab: Lab, port: "runs" | "journal", method: string, { before, after }: Around) {
  const { store } = lab.ports;
  const proxied = new Proxy(store[port], {
    get(target, key) {
      const call = Reflect.get(target, key, target) as (...args: unknown[]) => Promise<unknown>;
      if (key !== method) return call.bind(target);
      return async (...args: unknown[]) => {
        await before?.();
        const answer = await Reflect.apply(call, target, args);
        await after?.();
        return answer;
      };
    },
  });
  const parts = { ...store, [port]: proxied };
  return { ...lab.engine, ports: { ...lab.ports, store: parts } };
}

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
    for (let crash = 1; crash < 40; crash += 1) {
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
    expect(outcomes.size).toBe(2);
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

  it("is kept alive by heartbeats that come while its run is at work", async () => {
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
  });

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

describe("an approval", () => {
  const links: { approveUrl: string; rejectUrl: string }[] = [];
  const w = workflow("w", async (ctx) =>
    ctx.waitForApproval("refund", {
      to: (request) => void links.push(request),
      timeout: "7 days",
      escalate: { after: "2 days", to: (request) => void links.push(request) },
    }),
  );
  const tokenOf = (link: string | undefined) => String(link).split("/").at(-1) ?? "";
  const newLab = (workflows: readonly AnyWorkflow[] = [w]) => {
    links.length = 0;
    const lab = new Lab(workflows);
    Object.assign(lab.engine, { publicUrl: "https://example.com" });
    lab.kill();
    return lab;
  };

  it("says who decided what, when and why, and is decided once", async () => {
    const lab = newLab();
    const runId = await lab.start(w);
    await lab.settle();
    expect(links[0]?.approveUrl).toMatch(/^https:\/\/example\.com\/approvals\/cb_/);
    await decideApproval(lab.engine, tokenOf(links[0]?.rejectUrl), { by: "the boss", note: "too much" });
    const again = decideApproval(lab.engine, tokenOf(links[0]?.approveUrl), {});
    await expect(again).rejects.toThrow("E_CALLBACK_COMPLETED");
    expect(await lab.result(runId)).toEqual({
      approved: false,
      by: "the boss",
      note: "too much",
      at: expect.any(Date),
    });
    expect(links).toHaveLength(1);
    await expect(
      completeCallback(lab.engine, tokenOf(links[0]?.approveUrl), value({ approved: true })),
    ).rejects.toThrow("E_CALLBACK_NOT_FOUND");
  });

  it("that the run took before it was counted is told so, although the run has ended", async () => {
    const lab = newLab();
    const runId = await lab.start(w);
    await lab.settle();
    const slow = around(lab, "runs", "raise", {
      before: async () => {
        await lab.engine.ports.store.runs.raise({ runId, sweepAt: 0 });
        await lab.pass(10 * 60_000);
        expect((await lab.run(runId)).status).toBe("succeeded");
      },
    });
    const token = tokenOf(links[0]?.approveUrl);
    expect(await decideApproval(slow, token, {})).toMatchObject({ stored: true });
  });

  it("whose decider died half-way goes on when the link is used again", async () => {
    const lab = newLab();
    const runId = await lab.start(w);
    await lab.settle();
    const dying = around(lab, "journal", "putFact", {
      after: () => Promise.reject(new Error("the process has died")),
    });
    const token = tokenOf(links[0]?.approveUrl);
    await expect(decideApproval(dying, token, {})).rejects.toThrow("died");
    await lab.pass(1_000);
    // The time is another; what was decided is the same.
    expect(await decideApproval(lab.engine, token, {})).toMatchObject({ stored: false });
    await lab.settle();
    expect((await lab.run(runId)).status).toBe("succeeded");
  });

  it("is decided by its links alone, and they decide nothing else", async () => {
    let token = "";
    const both = workflow("both", async (ctx) => {
      const approval = ctx.waitForApproval("refund", { to: (request) => void links.push(request) });
      const callback = ctx.waitForCallback("c", (given) => {
        token = given;
      });
      return await Promise.race([approval, callback]);
    });
    const lab = newLab([both]);
    const runId = await lab.start(both);
    await lab.settle();
    await expect(
      completeCallback(lab.engine, tokenOf(links[0]?.rejectUrl), value({ approved: true })),
    ).rejects.toThrow("E_CALLBACK_NOT_FOUND");
    await expect(decideApproval(lab.engine, token, {})).rejects.toThrow("E_CALLBACK_NOT_FOUND");
    await decideApproval(lab.engine, tokenOf(links[0]?.approveUrl), {});
    expect(await lab.result(runId)).toMatchObject({ approved: true });
  });

  it("is not given by a link that has expired, although its run has not looked at the time", async () => {
    const lab = newLab();
    const runId = await lab.start(w);
    await lab.settle();
    await pauseRun(lab.engine, runId);
    await lab.pass(8 * 86_400_000);
    await expect(decideApproval(lab.engine, tokenOf(links[0]?.approveUrl), {})).rejects.toThrow(
      "This link has expired",
    );
    await resumeRun(lab.engine, runId);
    await expect(lab.result(runId)).rejects.toThrow(TimeoutError);
  });

  it("that was given is not asked of anybody else", async () => {
    const patient = workflow("patient", async (ctx) => {
      await ctx.waitForApproval("refund", {
        to: (request) => void links.push(request),
        escalate: { after: "2 days", to: (request) => void links.push(request) },
      });
      await ctx.sleep("then", "10 days");
    });
    const lab = newLab([patient]);
    const runId = await lab.start(patient);
    await lab.settle();
    await decideApproval(lab.engine, tokenOf(links[0]?.approveUrl), {});
    await lab.result(runId);
    expect(links).toHaveLength(1);
  });

  it("asks somebody else when nobody answers, whose links decide as well", async () => {
    const lab = newLab();
    const runId = await lab.start(w);
    await lab.pass(3 * 86_400_000);
    expect(links).toHaveLength(2);
    await decideApproval(lab.engine, tokenOf(links[1]?.approveUrl), {});
    expect(await lab.result(runId)).toMatchObject({ approved: true });
  });

  it("that nobody gives in time rejects, and its links are dead", async () => {
    const lab = newLab();
    const runId = await lab.start(w);
    await expect(lab.result(runId)).rejects.toThrow(TimeoutError);
    await expect(decideApproval(lab.engine, tokenOf(links[0]?.approveUrl), {})).rejects.toThrow(
      "E_CALLBACK_CLOSED",
    );
  });
});
