// LimitStore on DynamoDB. The holders of a limiter are a set in one item, so taking a slot is one conditional update and a
// run holds at most one; whoever gives the last one back takes the item away, so that keys which are used no more leave
// nothing behind. Runs in line are items of their own, in the order of their sort keys.
//
// Every write is repeatable, because a set holds an element once; but for places of a pace, which have a mark. (When others
// got a place before the repetition came, the mark is theirs, and one place is lost: some wait a little longer.)
import { UnreadableError } from "../engine/unreadable.ts";
import type { LimitStore, Standing, Waiter } from "../ports/limits.ts";
import { PerdureError } from "../sdk/errors.ts";
import { queryPages } from "./dynamo-read.ts";
import { deleteWhen, newMark, putIfAbsent, remove, update } from "./dynamo-write.ts";
import { type Item, limitKey, padTime, type Table } from "./table.ts";

const HOLDERS = "HOLDERS";
const PACE = "PACE";
/** Sorts after HOLDERS and PACE. */
const WAITER = "W#";
/** As DynamoDB names the type of a set of texts. */
const SET = "SS";

// Of what is no set nothing is added or taken away: whoever is refused looks at what stands there.
const HAS_ROOM =
  "attribute_not_exists(#holders) OR (attribute_type(#holders, :set) AND (size(#holders) < :limit OR contains(#holders, :runId)))";
const HOLDS = "attribute_type(#holders, :set) AND contains(#holders, :runId)";
const HOLDS_UNCHANGED = `${HOLDS} AND #takenAt = :takenAt`;
const IS_EMPTY = "attribute_not_exists(#holders)";
const IS_IDLE = "attribute_not_exists(#nextAt) OR #nextAt <= :now";
const IS_BUSY = "#nextAt > :now AND #mark <> :mark";
/** Of two that find a pace idle one comes too late, and finds it busy. */
const MAX_TRIES = 10;
/** A pace may be forgotten this long after its next place has passed: clocks differ. */
const PACE_TTL_SECONDS = 3_600;

export function createDynamoLimits(table: Table): LimitStore {
  const keyOf = (limiter: string, sk: string) => limitKey(table, limiter, sk);
  const placeOf = ({ limiter, runId, createdAt }: { readonly limiter: string } & Waiter) =>
    keyOf(limiter, `${WAITER}${padTime(createdAt)}#${runId}`);

  return {
    async read({ limiter, waiters: most }) {
      const { pk } = keyOf(limiter, HOLDERS);
      const items: Item[] = [];
      const range = { partition: pk, from: HOLDERS, to: `${WAITER}~`, limit: most + 2 };
      for await (const page of queryPages(table, range)) {
        items.push(...page);
        if (items.length >= most + 2) break;
      }
      const held = items.find(({ sk }) => sk === HOLDERS);
      return {
        ...(held === undefined ? { holders: [] } : toHeld(held)),
        waiters: items
          .filter(({ sk }) => String(sk).startsWith(WAITER))
          .map(toWaiter)
          .slice(0, most),
      };
    },

    async take({ limiter, runId, limit, now }) {
      const answer = await update(table, keyOf(limiter, HOLDERS), {
        set: { takenAt: now },
        add: { holders: new Set([runId]) },
        when: HAS_ROOM,
        given: { limit, runId, set: SET },
      });
      if (!answer.applied && answer.standing !== undefined) toHeld(answer.standing);
      return answer.applied;
    },

    async release({ limiter, runId, takenAt }) {
      const key = keyOf(limiter, HOLDERS);
      const drop = { holders: new Set([runId]) };
      const condition =
        takenAt === undefined
          ? { when: HOLDS, given: { runId, set: SET } }
          : { when: HOLDS_UNCHANGED, given: { runId, takenAt, set: SET } };
      const answer = await update(table, key, { set: {}, drop, ...condition });
      const item = answer.applied ? answer.item : answer.standing;
      if (item !== undefined && item.holders === undefined) await deleteWhen(table, key, IS_EMPTY);
    },

    async enlist(waiter) {
      await putIfAbsent(table, { ...placeOf(waiter), createdAt: waiter.createdAt, runId: waiter.runId });
    },

    async delist(waiter) {
      await remove(table, placeOf(waiter));
    },

    async reserve({ limiter, now, intervalMs }) {
      const key = keyOf(limiter, PACE);
      const mark = newMark();
      for (let tries = 0; tries < MAX_TRIES; tries += 1) {
        const set = { nextAt: now + intervalMs, ttl: ttlOf(now + intervalMs), mark };
        const idle = await update(table, key, { set, when: IS_IDLE, given: { now } });
        if (idle.applied || idle.standing?.mark === mark) return now;
        if (idle.standing !== undefined && !isTime(idle.standing.nextAt))
          throw unreadable(idle.standing, "the next place of a pace");
        const busy = await update(table, key, {
          set: { ttl: ttlOf(Number(idle.standing?.nextAt) + intervalMs), mark },
          add: { nextAt: intervalMs },
          when: IS_BUSY,
          given: { now, mark },
        });
        if (busy.applied) return Number(busy.item.nextAt) - intervalMs;
        if (busy.standing?.mark === mark) return Number(busy.standing.nextAt) - intervalMs;
      }
      throw new PerdureError("E_INTERNAL", `The pace ${limiter} was idle and busy ${MAX_TRIES} times.`);
    },
  };
}

/** @throws E_CORRUPT */
function toHeld(item: Item): Pick<Standing, "holders" | "takenAt"> {
  const { holders, takenAt } = item;
  // Its last holder has given it back, and has not taken the item away yet.
  if (holders === undefined) return { holders: [] };
  if (!(holders instanceof Set) || !isTime(takenAt)) throw unreadable(item, "the holders of a limiter");
  return { holders: [...(holders as Set<string>)], takenAt };
}

/** @throws E_CORRUPT */
function toWaiter(item: Item): Waiter {
  const { runId, createdAt } = item;
  if (typeof runId !== "string" || !isTime(createdAt)) throw unreadable(item, "a run in line");
  return { runId, createdAt };
}

function isTime(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

function unreadable({ pk, sk }: Item, what: string): UnreadableError {
  return new UnreadableError(
    "E_CORRUPT",
    `The item ${String(pk)} ${String(sk)} cannot be read: it is not ${what}.`,
  );
}

/** Epoch seconds. Several at once may set it a few places too early; the hour covers that. */
function ttlOf(nextAt: number): number {
  return Math.ceil(nextAt / 1_000) + PACE_TTL_SECONDS;
}
