// What a caller learns when something breaks that is not the caller's: nothing but that it broke.
import { expect, test } from "vitest";
import { createApi } from "../../lib/api/index.ts";
import { PerdureError, workflow } from "../../lib/sdk/index.ts";
import { openBench, problemOf } from "./bench.ts";

const SECRET = "connection to db-7.internal refused";

test.each([
  ["an error of a library", new Error(SECRET)],
  ["a fault of Perdure's own", new PerdureError("E_INTERNAL", SECRET)],
])("%s is a 500 without details, and a line in the log", async (_what, fault) => {
  const { engine, logLines } = openBench([], { works: false });
  const { store } = engine.ports;
  const runs = { ...store.runs, get: () => Promise.reject(fault) };
  const app = createApi({ engine: { ...engine, ports: { ...engine.ports, store: { ...store, runs } } } });
  const problem = await problemOf(await app.request("/runs/r1"));
  expect(problem).toMatchObject({ status: 500, code: "E_INTERNAL" });
  expect(JSON.stringify(problem)).not.toContain(SECRET);
  expect(logLines.join()).toContain(SECRET);
});

test("a schema of the user's that throws something odd is a 500, and nothing is written", async () => {
  const broken = workflow(
    "broken",
    {
      input: {
        "~standard": {
          version: 1,
          vendor: "test",
          validate: () => {
            // oxlint-disable-next-line typescript/only-throw-error -- users may
            throw SECRET;
          },
        },
      },
    },
    async () => {},
  );
  const { post, writes, logLines } = openBench([broken], { works: false });
  const problem = await problemOf(await post("/workflows/broken/runs", { input: 1 }));
  expect(problem).toMatchObject({ status: 500, code: "E_INTERNAL" });
  expect(JSON.stringify(problem)).not.toContain(SECRET);
  expect(writes).toEqual([]);
  expect(logLines.join()).toContain(SECRET);
});

test("no answer allows another origin or may be cached", async () => {
  const { get } = openBench([], { works: false });
  for (const path of ["/runs", "/nix", "/health"]) {
    const { headers } = await get(path, { origin: "https://evil.example" });
    expect(headers.get("access-control-allow-origin")).toBeNull();
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
  }
});

test("a problem's type is an address of the same API that explains the code", async () => {
  const { engine } = openBench([], { works: false });
  const app = createApi({ engine });
  const { type } = await problemOf(await app.request("/runs/none"));
  expect(await (await app.request(type)).json()).toEqual({
    code: "E_RUN_NOT_FOUND",
    title: "Run not found",
    advice: "Check the run id.",
    page: "docs/errors/E_RUN_NOT_FOUND.md",
  });
  expect((await app.request("/errors/E_NONE")).status).toBe(404);
});
