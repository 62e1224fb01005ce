// Limiters with one guard missing (planted-bugs.ts). The simulator must find each of them.
import type { LimitStore } from "../../lib/ports/limits.ts";
import { changed, type Plant } from "./planted-bugs.ts";

const withLimits =
  (change: (limits: LimitStore) => Partial<LimitStore>): Plant =>
  (ports) => {
    const { limits } = ports.store;
    return { ...ports, store: { ...ports.store, limits: changed(limits, change(limits)) } };
  };

/** Q1 broken: whoever asks for a slot is told that he has one. */
export const takeAdmitsAnybody = withLimits((limits) => ({
  take: async (request) => await limits.take({ ...request, limit: Number.MAX_SAFE_INTEGER }),
}));

/** Q1 broken: the answer says yes, and nobody holds the slot. */
export const takeKeepsNothing = withLimits((limits) => ({
  take: async ({ limiter, limit }) => (await limits.read({ limiter, waiters: 0 })).holders.length < limit,
}));

/** Q2 broken: nothing is given back. */
export const releaseKeepsAll = withLimits(() => ({ release: async () => {} }));

/** Q3 broken: who gives back does not see the line. */
export const lineIsHidden: Plant = withLimits((limits) => ({
  read: async (request) => ({ ...(await limits.read(request)), waiters: [] }),
}));

/** Q3 broken: the last in line comes first. */
export const lineIsReversed = withLimits((limits) => ({
  read: async (request) => {
    const standing = await limits.read(request);
    return { ...standing, waiters: standing.waiters.toReversed() };
  },
}));

/** Places of a rate lie half as far apart as they should. */
export const placesLieTooClose = withLimits((limits) => ({
  reserve: async (request) =>
    await limits.reserve({ ...request, intervalMs: Math.floor(request.intervalMs / 2) }),
}));
