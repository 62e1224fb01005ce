// Taking the lease of a run for the wake-up numbered n. Owns the conditions of W2 (docs/design/protocol.md): n > handled,
// nobody's lease is live, and wake >= n afterwards.
//
// DynamoDB has no max(), so "wake = max(wake, n)" is two forms of the update. The first leaves `wake` alone and is
// refused when wake < n; that happens only for a message whose sender died before its own update, so the second form,
// which sets `wake` to n, costs a request that hardly any claim pays. `wake` never falls: once the second form has been
// refused because wake >= n, the first cannot be refused for that again, and three tries are all there can be.
import type { Run } from "../ports/run.ts";
import { isClosed, RUN_STATUSES } from "../ports/run.ts";
import type { ClaimRefusal, RunStore } from "../ports/store.ts";
import { PerdureError } from "../sdk/errors.ts";
import { newMark, update } from "./dynamo-write.ts";
import { fromRunItem, type RunChange } from "./run-item.ts";
import { metaKey, type Table } from "./table.ts";

type ClaimRequest = Parameters<RunStore["claim"]>[0];
type ClaimAnswer = Awaited<ReturnType<RunStore["claim"]>>;

const OPEN_STATUSES = RUN_STATUSES.filter((status) => !isClosed(status));
const IS_CLAIMABLE =
  "attribute_not_exists(#closedAt) AND #status <> :stalled AND attribute_not_exists(#paused)";
/**
 * META that cannot be read is not written over: whoever claims could not read it either. What lies deeper than a
 * condition sees is found when the claim is answered.
 */
const IS_READABLE = [
  ...["fence", "wake", "handled", "fails", "createdAt"].map((name) => `#${name} BETWEEN :zero AND :largest`),
  "attribute_type(#workflow, :text)",
  "attribute_type(#input, :map)",
  "attribute_type(#waits, :list)",
  `#status IN (${OPEN_STATUSES.map((status) => `:${status}`).join(", ")})`,
].join(" AND ");
/** `largest`: of Date, and below the largest whole number of JavaScript. */
const FORMS = { zero: 0, largest: 8.64e15, text: "S", map: "M", list: "L" };
const STATUSES = Object.fromEntries(OPEN_STATUSES.map((status) => [status, status]));
const IS_NOT_HANDLED = "#handled < :n";
const NO_LIVE_LEASE = "(attribute_not_exists(#leaseUntil) OR #leaseUntil <= :now)";
/** Both are false when there is no META: an absent attribute compares with nothing. */
const WAKE_REACHES_N = "#wake >= :n";
const WAKE_IS_BEHIND_N = "#wake < :n";

const MAX_TRIES = 3;

export async function claimRun(table: Table, request: ClaimRequest): Promise<ClaimAnswer> {
  const { runId, n, owner, now, leaseUntil } = request;
  // Mark: a repeated request finds the lease it has taken itself. Owners need not be unique for that.
  const mark = newMark();
  const lease: RunChange = { status: "running", leaseOwner: owner, leaseUntil, mark };
  let wakeIsBehind = false;
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const answer = await update(table, metaKey(runId), {
      set: wakeIsBehind ? { ...lease, wake: n } : lease,
      add: { fence: 1, fails: 1 },
      when: [
        IS_CLAIMABLE,
        IS_READABLE,
        IS_NOT_HANDLED,
        NO_LIVE_LEASE,
        wakeIsBehind ? WAKE_IS_BEHIND_N : WAKE_REACHES_N,
      ].join(" AND "),
      given: { n, now, ...FORMS, ...STATUSES },
    });
    if (answer.applied) return claimed(fromRunItem(answer.item), request);
    if (answer.standing === undefined) return { ok: false, reason: "absent" };
    const run = fromRunItem(answer.standing);
    if (answer.standing.mark === mark) return claimed(run, request);
    const reason = refusal(run, request);
    if (reason !== undefined) return { ok: false, reason, run };
    wakeIsBehind = run.wake < n;
  }
  throw new PerdureError(
    "E_INTERNAL",
    `The table refused ${MAX_TRIES} claims of run ${runId} with ${n} for no reason.`,
  );
}

/** Nothing when only the count of causes stood in the way. */
function refusal(run: Run, { n, now }: ClaimRequest): ClaimRefusal | undefined {
  if (isClosed(run.status)) return "closed";
  if (run.status === "stalled") return "stalled";
  if (run.paused) return "paused";
  if (n <= run.handled) return "handled";
  if (run.leaseUntil !== undefined && run.leaseUntil > now) return "leased";
  return undefined;
}

function claimed(run: Run, { n }: ClaimRequest): ClaimAnswer {
  if (run.wake >= n) return { ok: true, run };
  throw new PerdureError(
    "E_INTERNAL",
    `Run ${run.runId} was claimed with ${n} while its wake is ${run.wake} (W2).`,
  );
}
