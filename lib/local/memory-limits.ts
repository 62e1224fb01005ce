// LimitStore in memory: each method does its work before it first gives way.
import type { LimitStore, Standing, Waiter } from "../ports/limits.ts";

type Request<Method extends keyof LimitStore> = Parameters<LimitStore[Method]>[0];

interface Limiter {
  /** Run ids, and when each took its slot. */
  readonly holders: Map<string, number>;
  readonly waiters: Map<string, Waiter>;
}

export class MemoryLimits implements LimitStore {
  readonly #limiters = new Map<string, Limiter>();
  /** The next place of each pace. */
  readonly #paces = new Map<string, number>();

  async read({ limiter, waiters: most }: Request<"read">): Promise<Standing> {
    const { holders, waiters } = this.#at(limiter);
    const takenAt = holders.size === 0 ? {} : { takenAt: Math.max(...holders.values()) };
    const line = [...waiters.values()].toSorted(inOrder).slice(0, most);
    return { holders: [...holders.keys()], ...takenAt, waiters: line };
  }

  async take({ limiter, runId, limit, now }: Request<"take">): Promise<boolean> {
    const { holders } = this.#at(limiter);
    if (!holders.has(runId) && holders.size >= limit) return false;
    holders.set(runId, now);
    return true;
  }

  async release({ limiter, runId, takenAt }: Request<"release">): Promise<void> {
    const { holders } = this.#at(limiter);
    if (takenAt === undefined || Math.max(...holders.values()) === takenAt) holders.delete(runId);
  }

  async enlist({ limiter, runId, createdAt }: Request<"enlist">): Promise<void> {
    this.#at(limiter).waiters.set(runId, { runId, createdAt });
  }

  async delist({ limiter, runId }: Request<"delist">): Promise<void> {
    this.#at(limiter).waiters.delete(runId);
  }

  async reserve({ limiter, now, intervalMs }: Request<"reserve">): Promise<number> {
    const place = Math.max(now, this.#paces.get(limiter) ?? 0);
    this.#paces.set(limiter, place + intervalMs);
    return place;
  }

  #at(name: string): Limiter {
    const found = this.#limiters.get(name);
    if (found !== undefined) return found;
    const made: Limiter = { holders: new Map(), waiters: new Map() };
    this.#limiters.set(name, made);
    return made;
  }
}

function inOrder(a: Waiter, b: Waiter): number {
  if (a.createdAt !== b.createdAt) return a.createdAt - b.createdAt;
  return a.runId < b.runId ? -1 : 1;
}
