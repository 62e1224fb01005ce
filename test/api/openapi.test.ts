// The OpenAPI document is honest: it has every route, and what the routes answer is what it says.
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import {
  EventPage,
  Health,
  JournalPage,
  RunDetail,
  RunList,
  RunSummary,
  SignalAccepted,
  WorkflowList,
} from "../../lib/api/answers.ts";
import { type Bench, openBench, readJson } from "./bench.ts";
import { approve, astray, exotic, fail, greet, patient } from "./samples.ts";

interface Operation {
  readonly parameters?: readonly { readonly in: string; readonly name: string }[];
  readonly requestBody?: { readonly required: boolean };
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content: object }>>;
}
type Paths = Readonly<Record<string, Readonly<Record<string, Operation>>>>;

async function readPaths({ get }: Bench): Promise<Paths> {
  return (await readJson(v.object({ paths: v.custom<Paths>(Boolean) }), get("/openapi.json"))).paths;
}

describe("the document", () => {
  test("has every route that the app serves, and no other", async () => {
    const bench = openBench([]);
    const described = Object.entries(await readPaths(bench)).flatMap(([path, operations]) =>
      Object.keys(operations).map(
        (method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ":$1")}`,
      ),
    );
    const served = bench.app.routes
      .filter(({ method }) => method !== "ALL")
      .map(({ method, path }) => `${method} ${path}`);
    expect(described.toSorted()).toEqual(served.toSorted());
  });

  test("points only to schemas that it has", async () => {
    const text = await (await openBench([]).get("/openapi.json")).text();
    const schemas = Object.keys(JSON.parse(text).components.schemas);
    const references = [...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map((match) => match[1]);
    expect(references.length).toBeGreaterThan(10);
    expect(schemas).toEqual(expect.arrayContaining([...new Set(references)]));
    expect(text).not.toContain("$defs");
  });

  test("names each parameter of a path, and asks for a body where one is needed", async () => {
    const paths = await readPaths(openBench([]));
    for (const [path, operations] of Object.entries(paths)) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
      for (const { parameters = [] } of Object.values(operations)) {
        expect(parameters.filter((parameter) => parameter.in === "path").map(({ name }) => name)).toEqual(
          inPath,
        );
      }
    }
    expect(paths["/workflows/{workflow}/runs"]?.post?.requestBody?.required).toBe(true);
    expect(paths["/runs/{runId}/retry"]?.post?.requestBody?.required).toBe(false);
  });

  test("lists the status of each kind of problem", async () => {
    const paths = await readPaths(openBench([]));
    const start = paths["/workflows/{workflow}/runs"]?.post?.responses ?? {};
    expect(Object.keys(start)).toEqual(["200", "201", "400", "404", "409", "413", "415", "422", "500"]);
    expect(start["409"]?.description).toBe("E_IDEMPOTENCY_CONFLICT");
  });
});

test("every answer is of the schema that the document shows", async () => {
  const { start, get, post } = openBench([greet, approve, fail, exotic, patient, astray]);
  const ids = await Promise.all(
    ["fail", "exotic", "patient", "astray", "approve"].map((name) => start(name)),
  );
  ids.push(await start("greet", { who: "Ada" }));
  for (const runId of ids) {
    await readJson(RunDetail, await get(`/runs/${runId}?wait=300ms`));
    await readJson(JournalPage, await get(`/runs/${runId}/journal`));
    await readJson(EventPage, await get(`/runs/${runId}/events`));
  }
  const approval = ids[4];
  await readJson(SignalAccepted, await post(`/runs/${approval}/signals/decided`, { payload: { ok: true } }));
  await readJson(RunSummary, await post(`/runs/${ids[3]}/retry`, {}));
  await readJson(RunSummary, await post("/workflows/greet/runs", { input: { who: "Bob" } }));
  await readJson(RunList, await get("/runs?limit=3"));
  await readJson(WorkflowList, await get("/workflows"));
  await readJson(Health, await get("/health"));
});
