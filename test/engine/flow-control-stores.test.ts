// Flow control on stores that keep something: a limit holds on SQLite and on DynamoDB as it does in memory, wherever a
// process dies, and nothing is left behind. (Each port method by itself: test/conformance/store-limits.ts.)
import { describe, expect, it } from "vitest";
import { openDatabase } from "../../lib/local/sqlite/database.ts";
import { SqliteStore } from "../../lib/local/sqlite/sqlite-store.ts";
import { skipsWithoutDynoxide } from "../aws/dynoxide.ts";
import { useTable } from "../aws/use-table.ts";
import { expectEmpty, Inside, startAll } from "./inside.ts";
import { Lab } from "./lab.ts";
import { TableLab } from "./table-lab.ts";

/** Numbers that no protocol repeats itself at. */
const CRASHES = [0, 4, 9, 16, 25, 31, 42, 57, 71, 88, 103, 120];
const OPTIONS = { concurrency: { limit: 2 }, rate: { limit: 60, per: "1 minute", burst: 2 } } as const;

async function fiveRuns(lab: Lab, inside: Inside, crash: number): Promise<void> {
  const watch = inside.watch(lab);
  lab.watch = async (call) => {
    const fate = await watch(call);
    return call.count === crash ? (crash % 2 === 0 ? "die before" : "die after") : fate;
  };
  const runIds = await startAll(lab, [1, 2, 3, 4, 5]);
  for (const runId of runIds) expect(await lab.result(runId)).toBe(runId);
  expect(inside.most).toBe(2);
  await lab.settle();
  await expectEmpty(lab, "orders/w/");
}

describe("on SQLite", () => {
  it.each(CRASHES)("a limit of two is kept by five runs when a process dies at call %i", async (crash) => {
    const inside = new Inside();
    const database = openDatabase(":memory:");
    const store = new SqliteStore(database);
    await fiveRuns(new Lab([inside.workflow(OPTIONS)], { store }), inside, crash);
    database.close();
  });
});

describe.skipIf(skipsWithoutDynoxide())("on DynamoDB", () => {
  const client = useTable();

  it.each(CRASHES)("a limit of two is kept by five runs when a process dies at call %i", async (crash) => {
    const inside = new Inside();
    await fiveRuns(new TableLab(client(), "perdure", [inside.workflow(OPTIONS)]), inside, crash);
  });
});
