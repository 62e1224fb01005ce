// Keeping a lease (lib/engine/lease.ts), renewal by renewal: what the tests of whole runs see only in its consequences.
import { describe, expect, it } from "vitest";
import { LOCAL_SETTINGS } from "../../lib/engine/index.ts";
import { keepLease } from "../../lib/engine/lease.ts";
import { VirtualClock } from "../../lib/local/virtual-clock.ts";

const { leaseMs, renewEveryMs, visibilityMs } = LOCAL_SETTINGS;

function keeping(renew: () => Promise<boolean>) {
  const clock = new VirtualClock();
  const seen = { renewals: 0, extensions: [] as number[], losses: 0 };
  const stop = keepLease({
    clock,
    settings: LOCAL_SETTINGS,
    leaseUntil: clock.now() + leaseMs,
    renew: async () => {
      seen.renewals += 1;
      return await renew();
    },
    extend: async (ms) => void seen.extensions.push(ms),
    onLost: () => {
      seen.losses += 1;
    },
  });
  return { clock, seen, stop };
}

describe("a lease that is kept", () => {
  it("is renewed together with the message that brought it, until it is let go", async () => {
    const { clock, seen, stop } = keeping(async () => true);
    await clock.advance(3 * renewEveryMs);
    expect(seen).toEqual({ renewals: 3, extensions: [visibilityMs, visibilityMs, visibilityMs], losses: 0 });
    stop();
    await clock.advance(3 * renewEveryMs);
    expect(seen.renewals).toBe(3);
  });

  it("is lost at the first renewal that is refused, and neither it nor its message is renewed again (J2)", async () => {
    const { clock, seen } = keeping(async () => false);
    await clock.advance(2 * leaseMs);
    expect(seen).toEqual({ renewals: 1, extensions: [], losses: 1 });
  });

  it("is lost when it has run out and no renewal came through, and not before", async () => {
    const { clock, seen } = keeping(async () => {
      throw new Error("unreachable");
    });
    await clock.advance(leaseMs - 1);
    expect(seen.losses).toBe(0);
    await clock.advance(renewEveryMs);
    expect(seen.losses).toBe(1);
  });
});
