// The API's door, as it is deployed.
import { describe, expect, test } from "vitest";
import type { Deployment } from "../deployment.ts";

/** Their token is their authority. */
const OPEN = [
  "GET /approvals/{token}",
  "POST /approvals/{token}",
  "POST /callbacks/{token}",
  "POST /callbacks/{token}/heartbeat",
];

export function describeDoor(cloud: () => Deployment): void {
  describe("the door", () => {
    test("asks for a signature on every route but those with a token", async () => {
      const { api } = cloud();
      const { body } = await api.get("/openapi.json");
      const { paths } = body as { paths: Record<string, object> };
      const routes = Object.entries(paths).flatMap(([path, operations]) =>
        Object.keys(operations).map((method) => [method.toUpperCase(), path] as const),
      );
      expect(routes.length).toBeGreaterThan(20);
      const letIn: string[] = [];
      for (const [method, path] of routes) {
        const { status } = await api.unsigned(method, path.replaceAll(/\{\w+\}/g, "none"));
        if (status !== 403) letIn.push(`${method} ${path}`);
      }
      expect(letIn.toSorted()).toEqual(OPEN);
      expect(await api.unsigned("GET", "/approvals/none")).toMatchObject({ status: 404 });
      const completed = await api.unsigned("POST", "/callbacks/none", { result: 1 });
      expect(completed).toMatchObject({ status: 404, body: { code: "E_CALLBACK_NOT_FOUND" } });
    });

    test("has no other route open in the template", async () => {
      const { Resources: resources } = await cloud().template();
      const routes = Object.values(resources).flatMap(({ Type: type, Properties: of }) =>
        type === "AWS::ApiGatewayV2::Route" ? [[of["RouteKey"], of["AuthorizationType"]]] : [],
      );
      expect(Object.fromEntries(routes)).toEqual({
        $default: "AWS_IAM",
        ...Object.fromEntries(OPEN.map((route) => [route, "NONE"])),
      });
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
