// Keeps the journal of a shipped order, for order.test.ts to replay against later code:
//   node save-journal.ts 2026-11
import { writeFileSync } from "node:fs";
import { createTestEnvironment } from "perdure/testing";
import { anOrder } from "./an-order.ts";
import { order } from "./workflow.ts";

const environment = createTestEnvironment({ workflows: [order] });
const run = await environment.start(order, anOrder);
await run.signal("approved", { approved: true, by: "grace" });
await run.result();
const journal = await environment.exportJournal(run.runId);
const file = new URL(`journals/shipped-${process.argv[2] ?? "now"}.json`, import.meta.url);
writeFileSync(file, `${JSON.stringify(journal, null, 2)}\n`);
