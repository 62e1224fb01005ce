// A schedule of the digest on the local server: what it starts goes through HTTP, SQLite, real timers and the server's own workers.
import { expect, test } from "vitest";
import { startLocalServer } from "../../test/local-server.ts";

interface Run {
  readonly status: string;
  readonly scheduled?: { readonly schedule: string };
}

test("the local server keeps a schedule's times", async () => {
  const server = await startLocalServer(["examples/digest/workflow.ts"]);
  try {
    const spec = {
      id: "often",
      workflow: "digest",
      input: { to: "ada@example.com" },
      every: "1s",
      limit: 2,
      overlap: "allow",
    };
    const { runId } = await server.post<{ runId: string }>("/schedules", spec);
    // It ends by itself when both of its runs have.
    const own = await server.until<Run>(`/runs/${runId}?wait=20s`, ({ status }) => status === "succeeded");
    expect(own).toMatchObject({ result: { started: 2, skipped: 0, missed: 0, failed: 0 } });
    const { runs } = await server.get<{ runs: readonly Run[] }>("/runs?attr.schedule=often");
    expect(runs.map(({ status, scheduled }) => [status, scheduled?.schedule])).toEqual([
      ["succeeded", "often"],
      ["succeeded", "often"],
    ]);
    expect((await server.request("GET", "/schedules/often")).status).toBe(404);
  } finally {
    await server.stop();
  }
});
