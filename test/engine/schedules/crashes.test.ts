// A schedule in processes that die: each of its times has its run, once, and what it counts is right, on every store. That
// this is so whichever call a process dies at, under each policy, is swept by the golden workflows schedule-*.
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTableClient } from "../../../lib/aws/clients.ts";
import {
  backfillSchedule,
  pauseSchedule,
  resumeSchedule,
  updateSchedule,
} from "../../../lib/engine/index.ts";
import { openDatabase } from "../../../lib/local/sqlite/database.ts";
import { SqliteStore } from "../../../lib/local/sqlite/sqlite-store.ts";
import type { OverlapPolicy } from "../../../lib/sdk/schedule.ts";
import type { Laboratory } from "../../../lib/testing/laboratory.ts";
import { createTable } from "../../aws/create-table.ts";
import { type Dynoxide, skipsWithoutDynoxide, startDynoxide } from "../../aws/dynoxide.ts";
import { emulatorAccess } from "../../aws/suites.ts";
import { crashPoints } from "../crash-points.ts";
import { Lab } from "../lab.ts";
import { unlessPlain } from "../modes.ts";
import { TableLab } from "../table-lab.ts";
import { at, HOUR, MINUTE, report, schedule, shown, times } from "./schedule-lab.ts";

/** What a schedule of four hours comes to whose runs take 100 minutes. */
const EXPECTED: Readonly<Record<OverlapPolicy, readonly [kept: readonly string[], skipped: number]>> = {
  skip: [["01:00", "03:00"], 2],
  "buffer-one": [["01:00", "02:00", "03:00"], 1],
  allow: [["01:00", "02:00", "03:00", "04:00"], 0],
  "cancel-other": [["01:00", "02:00", "03:00", "04:00"], 0],
};
const POLICIES = Object.keys(EXPECTED) as OverlapPolicy[];
/** Numbers that no protocol repeats itself at. */
const SOME_CRASHES = [3, 8, 14, 25, 37, 52, 66, 81];

/** From creation to the end of the last run. */
async function play(lab: Laboratory, overlap: OverlapPolicy, crash: number): Promise<void> {
  lab.watch = ({ count }) => (count === crash ? (crash % 2 === 0 ? "die after" : "die before") : "go on");
  const input = { takes: "100 minutes" };
  const { run } = await schedule(lab, {
    cron: "0 * * * *",
    overlap,
    input,
    until: lab.clock.now() + 4 * HOUR,
  });
  const last = await lab.result(run.runId);
  const [kept, skipped] = EXPECTED[overlap];
  const counted = { started: kept.length, skipped, missed: 0, failed: 0 };
  expect([last, `${overlap} ${crash}`]).toEqual([counted, `${overlap} ${crash}`]);
}

async function expectKept(lab: Laboratory, overlap: OverlapPolicy): Promise<void> {
  const [kept] = EXPECTED[overlap];
  expect((await times(lab)).map((time) => time.slice(11, 16))).toEqual(kept);
}

describe.skipIf(unlessPlain("the golden schedules are swept in every mode"))(
  "a process that dies at any call",
  () => {
    it("costs a backfill none of its times", async () => {
      const backfilled = async (crash: number, isAfter: boolean) => {
        const lab = new Lab([report]);
        let calls = 0;
        lab.watch = ({ count }) => {
          calls = count;
          return count === crash ? (isAfter ? "die after" : "die before") : "go on";
        };
        await schedule(lab, { cron: "0 * * * *", from: "2026-06-01", input: { takes: "1 minute" } });
        await backfillSchedule(lab.engine, "s", {
          from: at("2025-12-31T20:00:00Z"),
          to: at("2025-12-31T23:00:00Z"),
        });
        await lab.pass(HOUR);
        expect((await times(lab)).map((time) => time.slice(11, 16))).toEqual([
          "20:00",
          "21:00",
          "22:00",
          "23:00",
        ]);
        expect((await shown(lab)).counts).toEqual({ started: 4, skipped: 0, missed: 0, failed: 0 });
        return calls;
      };
      const calls = await backfilled(0, false);
      for (const crash of crashPoints(calls))
        for (const isAfter of [false, true]) await backfilled(crash, isAfter);
    });

    it("costs nothing that it was told", async () => {
      for (const crash of crashPoints(60)) {
        const lab = new Lab([report]);
        lab.watch = ({ count }) => (count === crash ? "die after" : "go on");
        await schedule(lab, { cron: "0 * * * *" });
        await lab.pass(HOUR + MINUTE);
        await pauseSchedule(lab.engine, "s");
        await lab.pass(HOUR);
        await resumeSchedule(lab.engine, "s");
        await updateSchedule(lab.engine, { id: "s", workflow: "report", cron: "30 * * * *" });
        await lab.pass(HOUR);
        expect([crash, ...(await times(lab)).map((time) => time.slice(11, 16))]).toEqual([
          crash,
          "01:00",
          "02:30",
        ]);
        expect((await shown(lab)).counts).toEqual({ started: 2, skipped: 1, missed: 0, failed: 0 });
      }
    });
  },
);

describe("on SQLite", () => {
  it.each(POLICIES)("a schedule keeps its times when a process dies: %s", async (overlap) => {
    for (const crash of SOME_CRASHES) {
      const database = openDatabase(":memory:");
      const lab = new Lab([report], { store: new SqliteStore(database) });
      await play(lab, overlap, crash);
      await expectKept(lab, overlap);
      database.close();
    }
  });
});

describe.skipIf(skipsWithoutDynoxide())("on DynamoDB", () => {
  let server: Dynoxide;
  let client: DynamoDBClient;
  beforeAll(async () => {
    server = await startDynoxide();
    client = createTableClient({ ...emulatorAccess, endpoint: server.endpoint });
  });
  afterAll(async () => {
    client.destroy();
    await server.stop();
  });

  it.each(POLICIES)("a schedule keeps its times when a process dies: %s", async (overlap) => {
    for (const crash of SOME_CRASHES) {
      // Of its own: ids of runs come again.
      const table = `perdure-${overlap}-${crash}`;
      await createTable(client, table);
      const lab = new TableLab(client, table, [report]);
      await play(lab, overlap, crash);
      await expectKept(lab, overlap);
    }
  });
});
