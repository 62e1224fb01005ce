// Every payload of the package through the local server, each delivery sent twice, each worked on once.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inBatches } from "../../test/batches.ts";
import { type LocalServer, startLocalServer } from "../../test/local-server.ts";
import { allDeliveries } from "./deliveries.ts";

interface Digest {
  readonly deliveryId: string;
  readonly headline: string;
  readonly title: string;
  readonly affected: readonly string[];
  readonly fields: number;
}

const STEPS = new Set(["validate", "find title", "find affected", "measure", "write digest"]);

describe("GitHub's webhook deliveries to the local server", () => {
  let server: LocalServer;
  beforeAll(async () => {
    server = await startLocalServer(["examples/github-events/workflow.ts"]);
  });
  afterAll(async () => await server.stop());

  it("all become a digest, each exactly once although every one is sent twice", async () => {
    const deliveries = allDeliveries();
    expect(deliveries.length).toBeGreaterThan(300);
    const send = async (delivery: (typeof deliveries)[number]) => {
      const body = { input: { ...delivery, settle: "10ms" } };
      const response = await server.request("POST", "/workflows/github-events/runs", body, {
        "idempotency-key": delivery.deliveryId,
      });
      return { status: response.status, runId: ((await response.json()) as { runId: string }).runId };
    };
    const answers = await inBatches([...deliveries, ...deliveries], 20, send);
    expect(answers.filter(({ status }) => status === 201).length).toBe(deliveries.length);
    expect(answers.filter(({ status }) => status === 200).length).toBe(deliveries.length);
    const runIds = [...new Set(answers.map(({ runId }) => runId))];
    expect(runIds.length).toBe(deliveries.length);

    const digests = await inBatches(runIds, 20, async (runId) => {
      const run = await server.until<{ status: string; result: Digest }>(
        `/runs/${runId}?wait=20s`,
        ({ status }) => status === "succeeded",
      );
      return run.result;
    });
    expect(new Set(digests.map(({ deliveryId }) => deliveryId)).size).toBe(deliveries.length);
    for (const digest of digests) {
      expect(digest.headline).toMatch(/^[a-z0-9_]+(\.[a-z_-]+)?$/);
      expect(digest.fields).toBeGreaterThan(0);
    }
    const pullRequest = digests.find(({ headline }) => headline === "pull_request.opened");
    expect(pullRequest).toMatchObject({
      title: expect.stringMatching(/^pull_request: /),
      affected: expect.arrayContaining([expect.stringContaining("/")]),
    });

    // Every step is recorded once.
    const journals = await inBatches(
      runIds,
      20,
      async (runId) =>
        await server.get<{ entries: { type: string; id?: string }[] }>(`/runs/${runId}/journal`),
    );
    for (const { entries } of journals) {
      const steps = entries.filter(({ type }) => type === "step.succeeded").map(({ id }) => id);
      expect(steps.length).toBe(STEPS.size);
      expect(new Set(steps)).toEqual(STEPS);
    }
  });
});
