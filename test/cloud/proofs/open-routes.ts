// Routes whose token is their authority, used without a signature. That no other is open, door.ts shows.
import { describe, expect, test } from "vitest";
import type { Deployment } from "../deployment.ts";
import { readTold } from "../effects.ts";
import { until } from "../until.ts";

export function describeOpenRoutes(cloud: () => Deployment): void {
  describe.concurrent("who has a token", () => {
    const toldBy = async (runId: string, what: string) => {
      const { clients, outputs } = cloud();
      return await until({ what: `run ${runId} to tell its ${what}`, withinMs: 120_000 }, async () => {
        return await readTold(clients.dynamo, outputs.EffectsTableName, `${runId} ${what}`);
      });
    };

    test("opens an approval link and completes a callback, without a signature", async () => {
      const { api } = cloud();
      const runId = await api.start("ask", {});
      const link = await toldBy(runId, "link");
      expect(link.startsWith(`${api.baseUrl}/approvals/`)).toBe(true);
      const page = await fetch(link);
      expect(page.status).toBe(200);
      expect(page.headers.get("content-type")).toMatch("text/html");
      expect(await page.text()).toContain('<form method="post">');
      expect((await api.suspended(runId, "callback")).waits).toMatchObject([{ id: "approval" }]);
      // As the page's form does.
      const pressed = await fetch(link, { method: "POST", body: new URLSearchParams({ by: "Grace" }) });
      expect(pressed.status).toBe(200);
      expect(pressed.headers.get("content-type")).toMatch("text/html");

      const token = await toldBy(runId, "token");
      expect(await api.unsigned("POST", `/callbacks/${token}/heartbeat`)).toMatchObject({ status: 202 });
      const completed = await api.unsigned("POST", `/callbacks/${token}`, { result: { iron: 7 } });
      expect(completed).toMatchObject({ status: 202 });
      expect(await api.ended(runId)).toMatchObject({
        status: "succeeded",
        result: { approved: true, by: "Grace", answer: { iron: 7 } },
      });
    });
  });
}
