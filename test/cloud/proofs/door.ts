// The API's door, as it is deployed.
import { describe, expect, test } from "vitest";
import type { Deployment } from "../deployment.ts";

export function describeDoor(cloud: () => Deployment): void {
  describe("the door", () => {
    test("refuses requests that are not signed", async () => {
      const { status } = await cloud().api.getUnsigned("/health");
      expect(status).toBe(403);
    });

    test("lists the workflows of the module, those of the examples among them", async () => {
      const { status, body } = await cloud().api.get("/workflows");
      expect(status).toBe(200);
      const names = (body as { workflows: { name: string }[] }).workflows.map(({ name }) => name);
      expect(names).toEqual(expect.arrayContaining(["github-events", "nap", "order"]));
    });

    test("starts one run for one idempotency key, and refuses the key with other input", async () => {
      const { api } = cloud();
      const key = { "idempotency-key": "door-1" };
      const input = { sleepMs: 0 };
      const first = await api.post("/workflows/nap/runs", { input }, key);
      const second = await api.post("/workflows/nap/runs", { input }, key);
      const other = await api.post("/workflows/nap/runs", { input: { sleepMs: 1 } }, key);
      expect([first.status, second.status, other.status]).toEqual([201, 200, 409]);
      expect(second.body).toMatchObject({ runId: (first.body as { runId: string }).runId });
      expect(other.body).toMatchObject({ code: "E_IDEMPOTENCY_CONFLICT" });
    });

    test("refuses bad input with the place of the fault, and starts nothing", async () => {
      const { status, body } = await cloud().api.post("/workflows/nap/runs", { input: { sleepMs: "long" } });
      expect(status).toBe(422);
      expect(JSON.stringify(body)).toContain("sleepMs");
    });
  });
}
