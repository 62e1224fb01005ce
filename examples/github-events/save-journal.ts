// Keeps the journal of a digested pull request, for github-events.test.ts to replay against later code:
//   node save-journal.ts 2026-11
import { writeFileSync } from "node:fs";
import { createTestEnvironment } from "perdure/testing";
import { allDeliveries } from "./deliveries.ts";
import { githubEvents } from "./workflow.ts";

const delivery = allDeliveries().find(({ event }) => event === "pull_request");
if (delivery === undefined) throw new Error("there is no delivery of a pull request");
const environment = createTestEnvironment({ workflows: [githubEvents] });
const run = await environment.start(githubEvents, delivery);
await run.result();
const journal = await environment.exportJournal(run.runId);
const file = new URL(`journals/pull-request-${process.argv[2] ?? "now"}.json`, import.meta.url);
writeFileSync(file, `${JSON.stringify(journal, null, 2)}\n`);
