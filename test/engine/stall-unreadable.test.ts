// What becomes of a message that leads to something nobody can read.
import { describe, expect, it } from "vitest";
import { DONE, faultBackoffMs } from "../../lib/engine/engine.ts";
import { orStall } from "../../lib/engine/stall-unreadable.ts";
import { UnreadableError } from "../../lib/engine/unreadable.ts";
import { MAX_UNKNOWN_DELIVERIES } from "../../lib/limits.ts";
import { workflow } from "../../lib/sdk/index.ts";
import { Lab } from "./lab.ts";

const damaged = new UnreadableError("E_CORRUPT", "entry 3 has no usable at");
const newer = new UnreadableError("E_NEWER_FORMAT", 'entry 3 has the type "x"');
const w = workflow("w", async () => 1);

describe("a message of what cannot be read", () => {
  const handle = async (lab: Lab, runId: string, error: unknown, receiveCount = 1) =>
    await orStall(lab.engine, runId, receiveCount, async () => {
      throw error;
    });

  it("stalls its run at once, and goes", async () => {
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    expect(await handle(lab, runId, damaged)).toEqual(DONE);
    expect((await lab.run(runId)).stalled).toMatchObject({ code: "E_CORRUPT" });
    const { wake } = await lab.run(runId);
    expect(await handle(lab, runId, newer, 99)).toEqual(DONE);
    expect(await lab.run(runId)).toMatchObject({ wake, stalled: { code: "E_CORRUPT" } });
  });

  it("waits some deliveries for a deployment when it is of a newer version", async () => {
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    for (let count = 1; count <= MAX_UNKNOWN_DELIVERIES; count += 1) {
      const disposition = await handle(lab, runId, newer, count);
      expect(disposition).toEqual({ done: false, retryInMs: faultBackoffMs(count) });
      expect((await lab.run(runId)).stalled).toBeUndefined();
    }
    expect(await handle(lab, runId, newer, MAX_UNKNOWN_DELIVERIES + 1)).toEqual(DONE);
    expect((await lab.run(runId)).stalled?.code).toBe("E_NEWER_FORMAT");
  });

  it("is kept while somebody works on the run, who may find it readable (W2)", async () => {
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    const now = lab.clock.now();
    const { leaseMs } = lab.engine.settings;
    await lab.store.runs.claim({ runId, n: 1, owner: "o", now, leaseUntil: now + leaseMs });
    expect(await handle(lab, runId, damaged)).toEqual({ done: false, retryInMs: leaseMs });
    expect((await lab.run(runId)).stalled).toBeUndefined();
  });

  it("goes when not even META can be read: it would come back for ever", async () => {
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    const get = lab.store.runs.get.bind(lab.store.runs);
    lab.store.runs.get = async () => {
      throw damaged;
    };
    expect(await handle(lab, runId, damaged)).toEqual(DONE);
    lab.store.runs.get = get;
    expect(await lab.result(runId)).toBe(1);
  });

  it("is not thought to be one for a fault of the surroundings, which is thrown", async () => {
    const lab = new Lab([w]);
    const runId = await lab.start(w);
    await expect(handle(lab, runId, new Error("throttled"))).rejects.toThrow("throttled");
    expect(await lab.result(runId)).toBe(1);
  });
});
