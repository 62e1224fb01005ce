// All mutants. An area is a file; a new one is added here.
import { atMostOnce } from "./catalogue/at-most-once.ts";
import { blame } from "./catalogue/blame.ts";
import { callbacks } from "./catalogue/callbacks.ts";
import { cancelling } from "./catalogue/cancelling.ts";
import { children } from "./catalogue/children.ts";
import { claims } from "./catalogue/claims.ts";
import { composition } from "./catalogue/composition.ts";
import { deadLetters } from "./catalogue/dead-letters.ts";
import { flowControl, singletons } from "./catalogue/flow-control.ts";
import { folds } from "./catalogue/folds.ts";
import { holdingDynamodb } from "./catalogue/holding-dynamodb.ts";
import { inbox } from "./catalogue/inbox.ts";
import { journal } from "./catalogue/journal.ts";
import { journalDynamodb } from "./catalogue/journal-dynamodb.ts";
import { leases } from "./catalogue/leases.ts";
import { limitsDynamodb } from "./catalogue/limits-dynamodb.ts";
import { notes } from "./catalogue/notes.ts";
import { outsiders } from "./catalogue/outsiders.ts";
import { pausing } from "./catalogue/pausing.ts";
import { queuesAws } from "./catalogue/queues-aws.ts";
import { repairing } from "./catalogue/repairing.ts";
import { replay } from "./catalogue/replay.ts";
import { retries } from "./catalogue/retries.ts";
import { runRules } from "./catalogue/run-rules.ts";
import { savedJournals } from "./catalogue/saved-journals.ts";
import { schedules } from "./catalogue/schedules.ts";
import { slotsAndLines } from "./catalogue/slots-and-lines.ts";
import { stepHandlers } from "./catalogue/step-handlers.ts";
import { storeDynamodb } from "./catalogue/store-dynamodb.ts";
import { storeMemory } from "./catalogue/store-memory.ts";
import { storeSqlite } from "./catalogue/store-sqlite.ts";
import { suspending } from "./catalogue/suspending.ts";
import { sweeper } from "./catalogue/sweeper.ts";
import { telling } from "./catalogue/telling.ts";
import { timers } from "./catalogue/timers.ts";
import { transactions } from "./catalogue/transactions.ts";
import { turns } from "./catalogue/turns.ts";
import { undoing } from "./catalogue/undoing.ts";
import { usedUp } from "./catalogue/used-up.ts";
import { versions } from "./catalogue/versions.ts";
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
  ...atMostOnce,
  ...cancelling,
  ...pausing,
  ...undoing,
  ...children,
  ...callbacks,
  ...composition,
  ...versions,
  ...folds,
  ...turns,
  ...usedUp,
  ...telling,
  ...transactions,
  ...flowControl,
  ...slotsAndLines,
  ...singletons,
  ...schedules,
  ...repairing,
  ...blame,
  ...savedJournals,
  ...outsiders,
  ...runRules,
  ...storeMemory,
  ...storeSqlite,
  ...storeDynamodb,
  ...holdingDynamodb,
  ...journalDynamodb,
  ...limitsDynamodb,
  ...notes,
  ...queuesAws,
];
