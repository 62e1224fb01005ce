// Real input, all of it: every webhook payload of the package, each delivery sent twice, each worked on once.
import { expect, test } from "vitest";
import { allDeliveries } from "../../../examples/github-events/deliveries.ts";
import { inBatches } from "../../batches.ts";
import type { Deployment } from "../deployment.ts";
import { readEntries } from "../journal-items.ts";
import { until } from "../until.ts";

/** As many as a webhook sender would have under way. */
const AT_ONCE = 12;
const STEPS = new Set(["validate", "find title", "find affected", "measure", "write digest"]);

export function describeWebhooks(cloud: () => Deployment): void {
  test("every webhook delivery becomes one digest, although each is sent twice", async () => {
    const { api } = cloud();
    const deliveries = allDeliveries();
    const sent = await inBatches([...deliveries, ...deliveries], AT_ONCE, async (delivery) => {
      const key = { "idempotency-key": delivery.deliveryId };
      const { status, body } = await api.post("/workflows/github-events/runs", { input: delivery }, key);
      return { status, runId: (body as { runId: string }).runId };
    });
    expect(sent.filter(({ status }) => status === 201).length).toBe(deliveries.length);
    expect(sent.filter(({ status }) => status === 200).length).toBe(deliveries.length);
    const runIds = [...new Set(sent.map(({ runId }) => runId))];
    expect(runIds.length).toBe(deliveries.length);

    await inBatches(runIds, AT_ONCE, async (runId) => {
      // Read from the table: hundreds of runs would only keep the API's functions busy waiting.
      const entries = await until({ what: `run ${runId} to end`, withinMs: 240_000 }, async () => {
        const all = await readEntries(cloud(), runId);
        return all.at(-1)?.type.startsWith("run.") === true && all;
      });
      expect(entries.at(-1)?.type).toBe("run.succeeded");
      const steps = entries.filter(({ type }) => type === "step.succeeded").map(({ id }) => id);
      expect(steps.length).toBe(STEPS.size);
      expect(new Set(steps)).toEqual(STEPS);
    });
  });
}
