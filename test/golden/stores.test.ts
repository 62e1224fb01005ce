// The golden set on stores that keep something: what a workflow comes to in memory it comes to on SQLite and on DynamoDB,
// also when a process dies on the way, and what is stored then keeps its invariants (play.ts). Each port method by itself:
// test/conformance.
import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { openDatabase } from "../../lib/local/sqlite/database.ts";
import { SqliteStore } from "../../lib/local/sqlite/sqlite-store.ts";
import { createTable } from "../aws/create-table.ts";
import { skipsWithoutDynoxide } from "../aws/dynoxide.ts";
import { useTable } from "../aws/use-table.ts";
import { crashSeed } from "../engine/crash-points.ts";
import type { LabOptions, PortCall } from "../engine/lab.ts";
import { onTable } from "../engine/on-table.ts";
import { Chance } from "../simulation/chance.ts";
import { loadGoldens, type NamedGolden } from "./golden.ts";
import { play } from "./play.ts";

/** Tables of an author's are on neither of these stores (test/engine/transaction.test.ts has some). */
const goldens = (await loadGoldens()).filter(({ transact }) => typeof transact !== "function");
/** DynamoDB has transactions. */
const onDynamo = goldens.filter(({ transact }) => transact !== "unsupported");

async function comesToItsOutcome(
  golden: NamedGolden,
  newLab: () => LabOptions | Promise<LabOptions>,
): Promise<void> {
  const calm = await play(golden, { lab: await newLab() });
  expect(calm.outcome).toEqual(golden.outcome);
  const chance = new Chance(crashSeed, golden.name);
  const at = chance.int(1, calm.calls);
  const crash = chance.pick(["die before", "die after"] as const);
  const watch = ({ count }: PortCall) => (count === at ? crash : "go on");
  const hit = await play(golden, { lab: await newLab(), watch });
  expect(hit.outcome, `${crash} call ${at}`).toEqual(golden.outcome);
}

describe(`a golden workflow on SQLite (CRASH_SEED=${crashSeed})`, () => {
  it.each(goldens)("comes to its outcome: $name", async (golden) => {
    const databases: ReturnType<typeof openDatabase>[] = [];
    await comesToItsOutcome(golden, () => {
      const database = openDatabase(":memory:");
      databases.push(database);
      return { store: new SqliteStore(database) };
    });
    for (const database of databases) database.close();
  });
});

describe.skipIf(skipsWithoutDynoxide())(`a golden workflow on DynamoDB (CRASH_SEED=${crashSeed})`, () => {
  const client = useTable();

  it.each(onDynamo)("comes to its outcome: $name", async (golden) => {
    // Each play starts runs of the same ids.
    await comesToItsOutcome(golden, async () => {
      const tableName = `runs-${randomUUID()}`;
      await createTable(client(), tableName);
      return onTable(client(), tableName);
    });
  });
});
