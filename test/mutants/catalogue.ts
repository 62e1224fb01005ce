// All mutants. An area is a file; a new one is added here.
import { claims } from "./catalogue/claims.ts";
import { deadLetters } from "./catalogue/dead-letters.ts";
import { inbox } from "./catalogue/inbox.ts";
import { journal } from "./catalogue/journal.ts";
import { journalDynamodb } from "./catalogue/journal-dynamodb.ts";
import { leases } from "./catalogue/leases.ts";
import { queuesAws } from "./catalogue/queues-aws.ts";
import { replay } from "./catalogue/replay.ts";
import { retries } from "./catalogue/retries.ts";
import { runRules } from "./catalogue/run-rules.ts";
import { stepHandlers } from "./catalogue/step-handlers.ts";
import { storeDynamodb } from "./catalogue/store-dynamodb.ts";
import { storeMemory } from "./catalogue/store-memory.ts";
import { storeSqlite } from "./catalogue/store-sqlite.ts";
import { suspending } from "./catalogue/suspending.ts";
import { sweeper } from "./catalogue/sweeper.ts";
import { timers } from "./catalogue/timers.ts";
import type { Mutant } from "./mutant.ts";

export const CATALOGUE: readonly Mutant[] = [
  ...claims,
  ...leases,
  ...journal,
  ...replay,
  ...inbox,
  ...suspending,
  ...timers,
  ...sweeper,
  ...deadLetters,
  ...stepHandlers,
  ...retries,
  ...runRules,
  ...storeMemory,
  ...storeSqlite,
  ...storeDynamodb,
  ...journalDynamodb,
  ...queuesAws,
];
