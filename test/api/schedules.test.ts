// Schedules over HTTP: each route, what it answers, and what it refuses without having written anything.
import type * as v from "valibot";
import { describe, expect, test } from "vitest";
import { RunList, WorkflowList } from "../../lib/api/answers.ts";
import { BackfillAccepted, ScheduleList, ScheduleView } from "../../lib/api/schedule-view.ts";
import type { ErrorCode } from "../../lib/sdk/errors.ts";
import { type Bench, openBench, problemOf, readJson } from "./bench.ts";
import { exotic, greet } from "./samples.ts";

const HOURLY = { id: "hourly", workflow: "greet", input: { who: "Ada" }, cron: "0 * * * *" };

const send = async ({ app }: Bench, method: string, path: string, body?: unknown) =>
  await app.request(path, {
    method,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });

/** Reads it until it is so: what is told to a schedule reaches it a moment later. */
async function seen(
  { get }: Bench,
  isSo: (schedule: v.InferOutput<typeof ScheduleView>) => boolean,
): Promise<v.InferOutput<typeof ScheduleView>> {
  return await expect
    .poll(
      async () => {
        const schedule = await readJson(ScheduleView, await get("/schedules/hourly"));
        return isSo(schedule) ? schedule : undefined;
      },
      { timeout: 20_000 },
    )
    .toBeDefined()
    .then(async () => await readJson(ScheduleView, await get("/schedules/hourly")));
}

test("a schedule is made once, however often it is sent", async () => {
  const bench = openBench([greet]);
  const first = await bench.post("/schedules", HOURLY);
  expect([first.status, first.headers.get("location")]).toEqual([201, "/schedules/hourly"]);
  const made = await readJson(ScheduleView, first);
  expect(made).toMatchObject({ ...HOURLY, timeZone: "UTC", overlap: "skip", catchUpMs: 3_600_000 });
  expect(made.next).toHaveLength(5);
  const again = await bench.post("/schedules", { ...HOURLY, catchUp: "60 minutes" });
  expect(again.status).toBe(200);
  expect((await readJson(ScheduleView, again)).runId).toBe(made.runId);
  const other = await bench.post("/schedules", { ...HOURLY, overlap: "allow" });
  expect([other.status, (await problemOf(other)).code]).toEqual([409, "E_SCHEDULE_EXISTS"]);
});

test("it starts runs by hand, which are found by it, and its own run is shown only to who asks for it", async () => {
  const bench = openBench([greet]);
  await bench.post("/schedules", HOURLY);
  expect((await bench.post("/schedules/hourly/trigger")).status).toBe(202);
  const { recent, counts } = await seen(bench, (schedule) => schedule.recent[0]?.status === "succeeded");
  expect(counts).toEqual({ started: 1, skipped: 0, missed: 0, failed: 0 });
  const { runs } = await readJson(RunList, await bench.get("/runs?attr.schedule=hourly"));
  expect(runs.map(({ runId }) => runId)).toEqual([recent[0]?.runId]);
  expect(runs[0]?.scheduled).toEqual({ schedule: "hourly", for: recent[0]?.scheduledFor });
  expect(runs[0]?.attributes?.["scheduledFor"]).toBe(recent[0]?.scheduledFor);
  const all = await readJson(RunList, await bench.get("/runs"));
  expect(all.runs.map(({ workflow }) => workflow)).toEqual(["greet"]);
  const own = await readJson(RunList, await bench.get("/runs?workflow=perdure.schedule"));
  expect(own.runs).toHaveLength(1);
  const { workflows } = await readJson(WorkflowList, await bench.get("/workflows"));
  expect(workflows.map(({ name }) => name)).toEqual(["greet"]);
});

test("it is paused with a reason, resumed, changed, filled in and deleted", async () => {
  const bench = openBench([greet, exotic]);
  await bench.post("/schedules", HOURLY);
  expect((await bench.post("/schedules/hourly/pause", { reason: "stocktaking" })).status).toBe(202);
  expect((await seen(bench, ({ paused }) => paused !== undefined)).paused?.reason).toBe("stocktaking");
  expect((await bench.post("/schedules/hourly/resume")).status).toBe(202);
  await seen(bench, ({ paused }) => paused === undefined);
  const update = { workflow: "exotic", every: "1 day", from: "2020-01-01T00:00:00Z", until: "2100-01-01" };
  expect((await send(bench, "PUT", "/schedules/hourly", update)).status).toBe(202);
  const changed = await seen(bench, ({ workflow }) => workflow === "exotic");
  expect(changed).toMatchObject({ everyMs: 86_400_000, from: "2020-01-01T00:00:00.000Z" });
  expect(changed).not.toHaveProperty("cron");
  const range = { from: "2020-02-01T00:00:00Z", to: "2020-02-03T00:00:00Z" };
  const filled = await bench.post("/schedules/hourly/backfill", range);
  expect([filled.status, (await readJson(BackfillAccepted, filled)).times]).toEqual([202, 3]);
  await seen(bench, ({ counts, open }) => counts.started === 3 && open.length === 0);
  expect((await send(bench, "DELETE", "/schedules/hourly")).status).toBe(200);
  expect((await problemOf(await bench.get("/schedules/hourly"))).code).toBe("E_SCHEDULE_NOT_FOUND");
  expect((await readJson(ScheduleList, await bench.get("/schedules"))).schedules).toEqual([]);
  expect((await bench.post("/schedules", HOURLY)).status).toBe(201);
});

test("a request that is repeated under its key is done once", async () => {
  const bench = openBench([greet]);
  await bench.post("/schedules", HOURLY);
  for (let i = 0; i < 3; i += 1)
    await bench.post("/schedules/hourly/trigger", {}, { "idempotency-key": "once" });
  await seen(bench, (schedule) => schedule.recent[0]?.status === "succeeded");
  expect((await readJson(RunList, await bench.get("/runs"))).runs).toHaveLength(1);
});

test("nobody but the routes of schedules tells one anything", async () => {
  const bench = openBench([greet]);
  await bench.post("/schedules", HOURLY);
  const { runs } = await readJson(RunList, bench.get("/runs?workflow=perdure.schedule"));
  const before = [...bench.writes];
  const plan = { id: "hourly", workflow: "greet", every: "1 hour" };
  for (const payload of [
    { type: "update", plan },
    { type: "backfill", from: -9e15, to: 9e15 },
  ]) {
    const answer = await bench.post(`/runs/${runs[0]?.runId}/signals/schedule`, { payload });
    expect(await problemOf(answer)).toMatchObject({ status: 400, code: "E_BAD_OPTION" });
  }
  expect(bench.writes).toEqual(before);
  await readJson(ScheduleList, bench.get("/schedules"));
});

test("an input as deep as values may be is refused, because the schedule's own state has it inside", async () => {
  const bench = openBench([exotic]);
  const made = async (depth: number) => {
    const input = `${"[".repeat(depth)}${"]".repeat(depth)}`;
    return await bench.post(
      "/schedules",
      `{"id":"d${depth}","workflow":"exotic","every":"1 hour","input":${input}}`,
    );
  };
  expect((await made(199)).status).toBe(422);
  expect((await made(198)).status).toBe(201);
  await expect
    .poll(async () => (await readJson(ScheduleView, bench.get("/schedules/d198"))).status)
    .not.toBe("pending");
});

describe("what is wrong is refused, and nothing is written", () => {
  const refused: readonly (readonly [string, string, string, unknown, number, ErrorCode])[] = [
    ["an id with a space", "POST", "/schedules", { ...HOURLY, id: "a b" }, 422, "E_INVALID_INPUT"],
    ["a field nobody knows", "POST", "/schedules", { ...HOURLY, tz: "UTC" }, 422, "E_INVALID_INPUT"],
    ["no workflow", "POST", "/schedules", { id: "a", cron: "0 * * * *" }, 422, "E_INVALID_INPUT"],
    [
      "input that does not fit",
      "POST",
      "/schedules",
      { ...HOURLY, input: { who: 1 } },
      422,
      "E_INVALID_INPUT",
    ],
    [
      "cron that cannot be read",
      "POST",
      "/schedules",
      { ...HOURLY, cron: "0 25 * * *" },
      400,
      "E_BAD_OPTION",
    ],
    ["a zone nobody knows", "POST", "/schedules", { ...HOURLY, timeZone: "Mars" }, 400, "E_BAD_OPTION"],
    [
      "a workflow nobody knows",
      "POST",
      "/schedules",
      { ...HOURLY, workflow: "x" },
      404,
      "E_UNKNOWN_WORKFLOW",
    ],
    [
      "a schedule of schedules",
      "POST",
      "/schedules",
      { ...HOURLY, workflow: "perdure.schedule" },
      400,
      "E_BAD_OPTION",
    ],
    ["a run of ours", "POST", "/workflows/perdure.schedule/runs", { input: {} }, 404, "E_UNKNOWN_WORKFLOW"],
    [
      "an update of nothing",
      "PUT",
      "/schedules/none",
      { workflow: "greet", input: { who: "x" }, every: "1h" },
      404,
      "E_SCHEDULE_NOT_FOUND",
    ],
    ["an id that is none", "DELETE", "/schedules/none", undefined, 404, "E_SCHEDULE_NOT_FOUND"],
    [
      "a policy that is none",
      "POST",
      "/schedules/hourly/trigger",
      { overlap: "queue" },
      422,
      "E_INVALID_INPUT",
    ],
    [
      "a backfill of what is to come",
      "POST",
      "/schedules/hourly/backfill",
      { from: "2099-01-01", to: "2099-01-02" },
      400,
      "E_BAD_OPTION",
    ],
    ["a method that is none", "PATCH", "/schedules/hourly", {}, 405, "E_NOT_FOUND"],
  ];
  test.each(refused)("%s", async (_, method, path, body, status, code) => {
    const bench = openBench([greet], { works: false });
    await bench.post("/schedules", HOURLY);
    const before = bench.writes.length;
    const response = await send(bench, method, path, body);
    expect([response.status, (await problemOf(response)).code]).toEqual([status, code]);
    expect(bench.writes.slice(before)).toEqual([]);
  });
});
