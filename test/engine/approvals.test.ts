// Waits that a person ends, by a link.
import { describe, expect, it } from "vitest";
import { completeCallback, decideApproval, pauseRun, resumeRun } from "../../lib/engine/index.ts";
import { TimeoutError } from "../../lib/sdk/errors.ts";
import { type AnyWorkflow, workflow } from "../../lib/sdk/workflow.ts";
import { around } from "./around.ts";
import { Lab } from "./lab.ts";

const value = (result: unknown) => ({ ok: true, value: result }) as const;

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

  it("that was given ends the attempts to ask somebody else", async () => {
    let tries = 0;
    const failing = workflow("failing", async (ctx) => {
      const decision = await ctx.waitForApproval("refund", {
        to: (request) => void links.push(request),
        escalate: {
          after: "2 days",
          to: () => {
            tries += 1;
            throw new Error("the mail server is down");
          },
        },
      });
      await ctx.sleep("then", "1 day");
      return decision.approved;
    });
    const lab = newLab([failing]);
    const runId = await lab.start(failing);
    await lab.pass(2 * 86_400_000);
    expect(tries).toBe(1);
    await decideApproval(lab.engine, tokenOf(links[0]?.approveUrl), {});
    expect(await lab.result(runId)).toBe(true);
    expect(tries).toBe(1);
  });

  it("has links that last as long as the wait, from when it began", async () => {
    const ends: (number | undefined)[] = [];
    const late = workflow("late", async (ctx) => {
      await ctx.waitForApproval("refund", {
        to: ({ expiresAt }) => void ends.push(expiresAt),
        timeout: "1h",
      });
    });
    const lab = newLab([late]);
    const runId = await lab.start(late);
    await pauseRun(lab.engine, runId);
    await lab.pass(2 * 3_600_000);
    const from = lab.clock.now();
    await resumeRun(lab.engine, runId);
    await expect(lab.result(runId)).rejects.toThrow(TimeoutError);
    expect(ends).toEqual([expect.any(Number)]);
    expect(ends[0]).toBeGreaterThanOrEqual(from + 3_600_000);
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
