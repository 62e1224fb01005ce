// RunStore on DynamoDB: every change of META, each one conditional update of one item (1 write unit while META is below
// a kilobyte). Owns the conditions that keep leases and wake-ups apart (W1, W2) and closed runs closed (C1).
// Places in the indexes are written only by create, raise, suspend, stall, revive, postpone and close; claim, renew and
// abandon touch no index. Each method says how it survives being applied twice (see dynamo-write.ts).
import type { Run } from "../ports/run.ts";
import type { RunStore, Suspension } from "../ports/store.ts";
import { PerdureError } from "../sdk/errors.ts";
import { claimRun } from "./claim.ts";
import { readItem } from "./dynamo-read.ts";
import { newMark, putIfAbsent, type Refused, update } from "./dynamo-write.ts";
import { expiryPlace, fromRunItem, type RunChange, toRunItem } from "./run-item.ts";
import { metaKey, type Table } from "./table.ts";

/** META exists and the run has not ended (C1): `closedAt` is there exactly when it has. */
const IS_OPEN = "attribute_exists(#pk) AND attribute_not_exists(#closedAt)";
const FENCE_IS_MINE = "#fence = :fence";
/** A fence alone outlives its lease: suspend, abandon and stall leave it standing. */
const HOLDS_LEASE = `${FENCE_IS_MINE} AND attribute_exists(#leaseUntil)`;
const INBOX_IS_READ = "#wake = :seen";
const IS_STALLED = "#status = :stalled";
const IS_LEASED = "attribute_exists(#leaseUntil)";
const IS_NOT_LEASED = "attribute_not_exists(#leaseUntil)";
const NO_LIVE_LEASE = "(attribute_not_exists(#leaseUntil) OR #leaseUntil <= :now)";
const IS_PAUSED = "attribute_exists(#paused)";
const IS_NOT_PAUSED = "attribute_not_exists(#paused)";
const PLACE_IS = "#sweepSk = :from";

/** A lease comes and goes at most so often while one request is made. */
const MAX_TRIES = 5;

type Updated = Awaited<ReturnType<typeof update>>;

const NO_LEASE = { leaseOwner: undefined, leaseUntil: undefined } satisfies RunChange;

export function createDynamoRuns(table: Table): RunStore {
  const change = async (runId: string, set: RunChange, rest: Omit<Parameters<typeof update>[2], "set">) =>
    await update(table, metaKey(runId), { set, ...rest });

  return {
    // Mark: two callers may start the same run with the same content, and one of them has created it.
    async create(run) {
      const mark = newMark();
      const answer = await putIfAbsent(table, toRunItem(table, run, mark));
      if (answer.applied) return { created: true, run };
      return { created: answer.standing?.mark === mark, run: standingRun(answer, run.runId) };
    },

    async get(runId) {
      const item = await readItem(table, metaKey(runId));
      return item === undefined ? undefined : fromRunItem(item);
    },

    claim: async (request) => await claimRun(table, request),

    // Repeatable: it sets what it has set.
    async renew({ runId, fence, leaseUntil }) {
      const answer = await change(runId, { leaseUntil }, { when: HOLDS_LEASE, given: { fence } });
      return answer.applied ? fromRunItem(answer.item) : undefined;
    },

    // Repeatable: the second time there is no lease, or somebody else's.
    async abandon({ runId, fence }) {
      await unlessPaused(async (status, when) => {
        const set: RunChange = { status: status ?? "pending", ...NO_LEASE };
        return await change(runId, set, {
          add: { fails: -1 },
          when: `${HOLDS_LEASE} AND ${when}`,
          given: { fence },
        });
      });
    },

    // Fence: only its holder moves `handled`, and a claim needs n > handled, so `handled = seen` under my fence is mine.
    async suspend(suspension) {
      const { runId, fence, seen } = suspension;
      const answer = await unlessPaused(async (status, isPaused) => {
        const set = { ...suspended(suspension), ...(status === undefined ? {} : { status }) };
        const when = `${HOLDS_LEASE} AND ${INBOX_IS_READ} AND ${isPaused}`;
        return await change(runId, set, { when, given: { fence, seen } });
      });
      if (answer.applied) return { ok: true };
      const run = answer.standing === undefined ? undefined : fromRunItem(answer.standing);
      const isMine = run?.fence === fence && run.leaseOwner === undefined && run.handled === seen;
      return isMine ? { ok: true } : { ok: false, run };
    },

    // Fence: a run that was closed under my fence, the way I close it, was closed by me.
    async close({ runId, fence, status, closedAt, lastSeq, expiresAt, attributes }) {
      const set: RunChange = {
        status,
        closedAt,
        lastSeq,
        ...(attributes === undefined ? {} : { attributes }),
        expiresAt,
        outcome: status,
        waits: [],
        ...NO_LEASE,
        nextWakeAt: undefined,
        checkAt: undefined,
        timer: undefined,
        stalled: undefined,
        paused: undefined,
        ...expiryPlace(table, runId, expiresAt),
      };
      const answer = await change(runId, set, { when: `${IS_OPEN} AND ${FENCE_IS_MINE}`, given: { fence } });
      if (answer.applied) return { ok: true };
      const { standing } = answer;
      return {
        ok: standing?.closedAt !== undefined && standing.fence === fence && standing.status === status,
      };
    },

    // Repeatable: neither fence nor `closedAt` changes, and a lease is gone. Whoever revives the run in the second between
    // raises the fence, and the repetition is refused.
    async stall({ runId, fence, by, now, reason, sweepAt }) {
      const set: RunChange = {
        status: "stalled",
        stalled: reason,
        outcome: "stalled",
        sweepSk: sweepAt,
        paused: undefined,
        ...NO_LEASE,
      };
      const when = `${IS_OPEN} AND ${FENCE_IS_MINE}`;
      const answer =
        by === "owner"
          ? await change(runId, set, { when, given: { fence } })
          : await change(runId, set, { when: `${when} AND ${NO_LIVE_LEASE}`, given: { fence, now } });
      return { ok: answer.applied };
    },

    // Mark: seized twice it would raise the fence twice, and the first answer would hold a fence that is not the lease's.
    async seize({ runId, owner, leaseUntil }) {
      const mark = newMark();
      const set: RunChange = {
        status: "running",
        leaseOwner: owner,
        leaseUntil,
        stalled: undefined,
        paused: undefined,
        outcome: undefined,
        mark,
      };
      const unlessMine = `${IS_OPEN} AND (attribute_not_exists(#mark) OR #mark <> :mark)`;
      const answer = await change(runId, set, { add: { fence: 1 }, when: unlessMine, given: { mark } });
      if (answer.applied) return fromRunItem(answer.item);
      return answer.standing?.mark === mark ? fromRunItem(answer.standing) : undefined;
    },

    // Harmless: counted twice it is one cause more than there was, and looking at a run without cause changes nothing.
    async raise({ runId, sweepAt }) {
      const answer = await change(runId, { sweepSk: sweepAt }, { add: { wake: 1 }, when: IS_OPEN });
      return answer.applied ? fromRunItem(answer.item) : undefined;
    },

    // Mark: of two people who revive a run, one has.
    async revive({ runId, sweepAt }) {
      const mark = newMark();
      const set: RunChange = {
        status: "pending",
        fails: 0,
        lastSeq: 0,
        sweepSk: sweepAt,
        mark,
        stalled: undefined,
        outcome: undefined,
      };
      const when = `${IS_OPEN} AND ${IS_STALLED}`;
      const answer = await change(runId, set, {
        // Every wake-up of before is void.
        copy: { handled: "wake" },
        add: { wake: 1, fence: 1 },
        when,
        given: { stalled: "stalled" },
      });
      if (answer.applied) return fromRunItem(answer.item);
      return answer.standing?.mark === mark ? fromRunItem(answer.standing) : undefined;
    },

    // Repeatable: the second time it is paused. Harmless otherwise: one cause more than there was.
    async pause({ runId, sweepAt }) {
      const set: RunChange = { paused: true, sweepSk: sweepAt };
      const when = `${IS_OPEN} AND #status <> :stalled AND ${IS_NOT_PAUSED}`;
      const answer = await freeOrLeased(
        async (status, lease) =>
          await change(
            runId,
            { ...set, ...status },
            { add: { wake: 1 }, when: `${when} AND ${lease}`, given: { stalled: "stalled" } },
          ),
        "paused",
      );
      const item = answer.applied ? answer.item : answer.standing;
      return item?.paused === true ? fromRunItem(item) : undefined;
    },

    // Repeatable: a second resume finds nothing paused; that it was this one is told by the mark.
    async resume({ runId, sweepAt }) {
      const mark = newMark();
      const set: RunChange = { paused: undefined, sweepSk: sweepAt, mark };
      const when = `${IS_OPEN} AND ${IS_PAUSED}`;
      const answer = await freeOrLeased(
        async (status, lease) =>
          await change(runId, { ...set, ...status }, { add: { wake: 1 }, when: `${when} AND ${lease}` }),
        "pending",
      );
      if (answer.applied) return fromRunItem(answer.item);
      return answer.standing?.mark === mark ? fromRunItem(answer.standing) : undefined;
    },

    // Repeatable: the second time the place is no longer `from`.
    async postpone({ runId, from, to }) {
      await change(runId, { sweepSk: to }, { when: `${IS_OPEN} AND ${PLACE_IS}`, given: { from } });
    },
  };
}

/**
 * Only a run that nobody holds gets another status, so there are two forms of the update. A lease may come or go between
 * them: who is refused for that alone tries the other form.
 */
async function freeOrLeased(
  attempt: (set: Pick<RunChange, "status">, lease: string) => Promise<Updated>,
  status: "paused" | "pending",
): Promise<Updated> {
  let isLeased = false;
  for (let tries = 1; ; tries++) {
    const answer: Updated = isLeased
      ? await attempt({}, IS_LEASED)
      : await attempt({ status }, IS_NOT_LEASED);
    if (answer.applied || tries === MAX_TRIES) return answer;
    const wasLeased: boolean = answer.standing?.leaseUntil !== undefined;
    if (wasLeased === isLeased) return answer;
    isLeased = wasLeased;
  }
}

/** Leaving a run that an operator holds gives it the status `paused`: a second request, only then. */
async function unlessPaused<Answer extends { readonly applied: true } | Refused>(
  attempt: (status: "paused" | undefined, when: string) => Promise<Answer | Refused>,
): Promise<Answer | Refused> {
  const answer = await attempt(undefined, IS_NOT_PAUSED);
  if (answer.applied || answer.standing?.paused !== true) return answer;
  return await attempt("paused", IS_PAUSED);
}

function suspended(suspension: Suspension): RunChange {
  const { seen, wake, status, nextWakeAt, checkAt, timer, waits, lastSeq, sweepAt, attributes } = suspension;
  return {
    status,
    handled: seen,
    wake,
    fails: 0,
    lastSeq,
    waits,
    sweepSk: sweepAt,
    nextWakeAt,
    checkAt,
    timer,
    ...(attributes === undefined ? {} : { attributes }),
    ...(suspension.folds === undefined ? {} : { folds: suspension.folds }),
    ...NO_LEASE,
  };
}

/** The run that stood in the way of a put. */
function standingRun({ standing }: Refused, runId: string): Run {
  if (standing !== undefined) return fromRunItem(standing);
  throw new PerdureError(
    "E_INTERNAL",
    `The table refused to create run ${runId} and did not say what stands there.`,
  );
}
