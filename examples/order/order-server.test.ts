// The order example on the local server: a real process's server, HTTP and SQLite file.
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LocalServer, startLocalServer } from "../../test/local-server.ts";

const input = readFileSync(new URL("input.json", import.meta.url), "utf8");

interface RunAnswer {
  readonly runId: string;
  readonly status: string;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly waits: readonly { readonly kind: string; readonly id: string }[];
}

describe("an order on the local server", () => {
  let server: LocalServer;
  beforeAll(async () => {
    server = await startLocalServer(["examples/order/workflow.ts"]);
  });
  afterAll(async () => await server.stop());

  /** Starts the order with the sample input and follows it to where it waits for a person. */
  const startAndWait = async (overrides = {}): Promise<string> => {
    const body = JSON.parse(input) as { input: object };
    const { runId } = await server.post<RunAnswer>("/workflows/order/runs", {
      input: { ...body.input, coolOff: "50ms", ...overrides },
    });
    await server.until<RunAnswer>(`/runs/${runId}`, ({ waits }) =>
      waits.some(({ kind }) => kind === "signal"),
    );
    return runId;
  };
  const ended = async (runId: string) =>
    await server.until<RunAnswer>(`/runs/${runId}?wait=20s`, ({ status }) => status === "succeeded");
  const entries = async (runId: string) =>
    (await server.get<{ entries: { type: string; id?: string }[] }>(`/runs/${runId}/journal`)).entries.map(
      ({ type, id }) => (id === undefined ? type : `${type} ${id}`),
    );

  it("that is approved is charged, at the second attempt, and shipped", async () => {
    const runId = await startAndWait();
    await server.post(`/runs/${runId}/signals/approved`, { payload: { approved: true, by: "grace" } });
    const { result } = await ended(runId);
    expect(result).toMatchObject({ orderId: "A-1001", status: "shipped", approvedBy: "grace" });
    expect(await entries(runId)).toEqual([
      "step.succeeded reserve",
      "step.retrying charge",
      "step.succeeded charge",
      "sleep.started cool-off",
      "sleep.finished cool-off",
      "signal.awaited approved",
      "signal.received approved",
      "step.dispatched ship",
      "step.succeeded ship",
      "run.succeeded",
    ]);
  });

  it("that is refused is refunded and released", async () => {
    const runId = await startAndWait();
    await server.post(`/runs/${runId}/signals/approved`, { payload: { approved: false, by: "grace" } });
    expect((await ended(runId)).result).toMatchObject({ status: "undone", reason: "refused by grace" });
    expect(await entries(runId)).toEqual(
      expect.arrayContaining(["step.succeeded refund", "step.succeeded release"]),
    );
  });

  it("that nobody answers is undone when its time is up", async () => {
    const body = JSON.parse(input) as { input: object };
    const { runId } = await server.post<RunAnswer>("/workflows/order/runs", {
      input: { ...body.input, coolOff: "1ms", approvalTimeout: "30ms" },
    });
    expect((await ended(runId)).result).toMatchObject({ status: "undone" });
  });

  it("with a wrong line is refused at the door, with the path of the fault", async () => {
    const body = JSON.parse(input) as { input: { lines: object[] } };
    body.input.lines.push({ sku: "X", quantity: 0, unitCents: 1 });
    const response = await server.request("POST", "/workflows/order/runs", body);
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({
      code: "E_INVALID_INPUT",
      issues: [{ path: "/input/lines/2/quantity" }],
    });
  });
});
