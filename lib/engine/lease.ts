// Keeping a lease, and the message that brought it, while work goes on. Both are short and renewed together, so that
// after a crash the message comes back soon and finds the lease expired (within 30 s on AWS).
//
//   claim        renew        renew                      crash
//   |── lease ───|── lease ───|── lease ─────────X───────|
//   |── visible again later ──|── visibility ────────X───|── redelivered: lease is over, claim succeeds
import type { Clock } from "../ports/clock.ts";
import type { Settings } from "./settings.ts";

/** Somebody else may own the run now: stop at once and write nothing more (J2). */
export class LeaseLost extends Error {
  override readonly name = "LeaseLost";
}

export interface LeaseOptions {
  readonly clock: Clock;
  readonly settings: Settings;
  /** Epoch ms until which the lease is held at the start. */
  readonly leaseUntil: number;
  /** Extends the lease; false when somebody else holds it. */
  readonly renew: (leaseUntil: number) => Promise<boolean>;
  /** Hides the message for this long from now. */
  readonly extend: (visibilityMs: number) => Promise<void>;
  readonly onLost: () => void;
}

/** Renews until the returned function is called. A renewal that fails is tried again as long as the lease lasts. */
export function keepLease(options: LeaseOptions): () => void {
  const stop = new AbortController();
  void renewUntil(stop.signal, options);
  return () => stop.abort();
}

async function renewUntil(stop: AbortSignal, options: LeaseOptions): Promise<void> {
  const { clock, settings } = options;
  let leaseUntil = options.leaseUntil;
  for (;;) {
    await clock.sleep(settings.renewEveryMs, stop);
    if (stop.aborted) return;
    const until = clock.now() + settings.leaseMs;
    try {
      if (!(await options.renew(until))) return options.onLost();
      leaseUntil = until;
      await options.extend(settings.visibilityMs);
    } catch {
      // Unreachable for now. Held until it provably is not: by this clock the lease has ended.
      if (clock.now() >= leaseUntil) return options.onLost();
    }
  }
}
