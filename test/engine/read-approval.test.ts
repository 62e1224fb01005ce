// How an approval stands, for who has opened its link.
import { describe, expect, it } from "vitest";
import { pauseRun, readApproval, resumeRun, terminateRun } from "../../lib/engine/index.ts";
import { workflow } from "../../lib/sdk/index.ts";
import { Lab } from "./lab.ts";

const DAY_MS = 86_400_000;

describe("an approval", () => {
  const links: { readonly approveUrl: string }[] = [];
  const w = workflow("w", async (ctx) => {
    const approval = ctx.waitForApproval("refund", {
      to: (made) => void links.push(made),
      timeout: "7 days",
    });
    await ctx.waitForSignal("stop");
    approval.cancel();
    await approval.catch(() => {});
    await ctx.sleep("long", "30 days");
  });
  async function asked() {
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await lab.settle();
    const token = links.at(-1)?.approveUrl.split("/").at(-1) ?? "";
    const kind = async () => (await readApproval(lab.engine, token)).standing.kind;
    return { lab, runId, kind };
  }

  it("is open while its run waits", async () => {
    const { kind } = await asked();
    expect(await kind()).toBe("open");
  });

  it("is closed when its code has given it up, and the run goes on", async () => {
    const { lab, runId, kind } = await asked();
    await lab.signal(runId, "stop");
    await lab.settle();
    expect((await lab.run(runId)).status).toBe("suspended");
    expect(await kind()).toBe("closed");
  });

  it("is closed when its run has ended", async () => {
    const { lab, runId, kind } = await asked();
    await terminateRun(lab.engine, { runId });
    expect(await kind()).toBe("closed");
  });

  it("has expired when its time is up, also when its run has not looked at the time", async () => {
    const { lab, runId, kind } = await asked();
    await pauseRun(lab.engine, runId);
    await lab.pass(8 * DAY_MS);
    expect(await kind()).toBe("expired");
    await resumeRun(lab.engine, runId);
    await lab.settle();
    expect(await kind()).toBe("expired");
  });

  it("is not there for the token of a callback", async () => {
    let token = "";
    const plain = workflow("plain", async (ctx) => {
      await ctx.waitForCallback("c", (given) => {
        token = given;
      });
    });
    const lab = new Lab([plain]);
    await lab.start(plain);
    await lab.settle();
    expect(token).toMatch(/^cb_/);
    await expect(readApproval(lab.engine, token)).rejects.toThrow("E_CALLBACK_NOT_FOUND");
  });
});
