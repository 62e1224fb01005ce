// The contract of the Store port (lib/ports/store.ts) as tests; every store passes them all. What local stores get for
// free (consistent indexes, no timeouts) is not asked for.
//
//   describeStore("memory store", () => ({ store: new MemoryStore(), wait: async () => {} }));
import type { Store } from "../../lib/ports/store.ts";
import { describeStoreClaims } from "./store-claims.ts";
import { describeStoreFacts, describeStoreNotes, describeStoreStepClaims } from "./store-facts.ts";
import { describeStoreFolds } from "./store-folds.ts";
import { describeStoreHolding } from "./store-holding.ts";
import { describeStoreIndex } from "./store-index.ts";
import { describeStoreJournal } from "./store-journal.ts";
import { describeStoreLeases } from "./store-leases.ts";
import { describeStoreLimits } from "./store-limits.ts";
import { describeStoreRuns } from "./store-runs.ts";
import { describeSuite, type MakeSubject, type Subject, type SuiteOptions } from "./suite.ts";

export interface StoreSubject extends Subject {
  readonly store: Store;
}

export function describeStore(
  name: string,
  makeSubject: MakeSubject<StoreSubject>,
  options: SuiteOptions = {},
): void {
  describeSuite(name, makeSubject, options, (behaviour) => {
    describeStoreRuns(behaviour);
    describeStoreClaims(behaviour);
    describeStoreLeases(behaviour);
    describeStoreHolding(behaviour);
    describeStoreJournal(behaviour);
    describeStoreNotes(behaviour);
    describeStoreFacts(behaviour);
    describeStoreStepClaims(behaviour);
    describeStoreFolds(behaviour);
    describeStoreIndex(behaviour);
    describeStoreLimits(behaviour);
  });
}
