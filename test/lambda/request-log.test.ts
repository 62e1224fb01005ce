// What the API's function logs of a request: enough to find it in the access log, and no token.
import { Hono } from "hono";
import { handle } from "hono/aws-lambda";
import { expect, it } from "vitest";
import { withRequestLog } from "../../lib/lambda/api.ts";
import type { Log } from "../../lib/ports/log.ts";

function recordLog(lines: unknown[]): Log {
  const note = (message: string, fields?: object) => void lines.push({ message, ...fields });
  return { debug: note, info: note, warn: note, error: note, with: () => recordLog(lines) };
}

it("is method, path, status and the id of the access log's line, without tokens and query", async () => {
  const lines: unknown[] = [];
  const app = new Hono();
  app.all("*", (c) => c.text(c.req.path, 418));
  const logging = withRequestLog(app, recordLog(lines));
  const context = { event: { requestContext: { requestId: "r-1" } } };
  const ask = async (method: string, path: string) =>
    await (await logging.request(path, { method }, context)).text();
  expect(await ask("GET", "/runs/run_1?attr.name=secret")).toBe("/runs/run_1");
  for (const path of ["/callbacks/cb_x.SECRET/heartbeat", "/callbacks/cb_x.SECRET", "/approvals/cb_x.SECRET"])
    expect(await ask("POST", path)).toBe(path);
  await ask("POST", "//callbacks/cb_x.SECRET");
  await ask("POST", "/Callbacks/cb_x.SECRET");
  await ask("POST", "/callback/cb_x.SECRET");
  await ask("POST", "/callbacks/%63b_x.SECRET/heartbeat");
  expect(lines[0]).toEqual({
    message: "request",
    method: "GET",
    path: "/runs/run_1",
    status: 418,
    apiRequestId: "r-1",
  });
  expect(lines[1]).toMatchObject({ path: "/callbacks/…/heartbeat" });
  expect(JSON.stringify(lines)).not.toMatch(/secret/i);
});

it("changes nothing of what the API answers to an HTTP API's event", async () => {
  const app = new Hono();
  app.post("/callbacks/:token", async (c) => {
    c.header("location", "/runs/r");
    return c.json({ got: await c.req.json(), token: c.req.param("token") }, 202);
  });
  const event = {
    version: "2.0",
    routeKey: "POST /callbacks/{token}",
    rawPath: "/callbacks/cb_x.SECRET",
    rawQueryString: "",
    headers: { host: "api.example", "content-type": "application/json" },
    requestContext: { requestId: "r-2", domainName: "api.example", http: { method: "POST" } },
    body: '{"result":1}',
    isBase64Encoded: false,
  };
  const lines: unknown[] = [];
  const answer = await handle(withRequestLog(app, recordLog(lines)))(event as never);
  expect(answer).toMatchObject({
    statusCode: 202,
    headers: { location: "/runs/r" },
    body: '{"got":{"result":1},"token":"cb_x.SECRET"}',
  });
  expect(lines).toEqual([
    { message: "request", method: "POST", path: "/callbacks/…", status: 202, apiRequestId: "r-2" },
  ]);
});
