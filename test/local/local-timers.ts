// What a worker loop needs of local timers beyond the port: when to look next, and to collect what is due.
import { describe, expect, test } from "vitest";
import type { LocalQueue } from "../../lib/local/local-queue.ts";
import type { LocalTimers } from "../../lib/local/local-timers.ts";
import type { VirtualClock } from "../../lib/local/virtual-clock.ts";
import type { TimersSubject } from "../conformance/timers.ts";

interface LocalTimersSubject extends TimersSubject {
  readonly timers: LocalTimers;
  readonly queue: LocalQueue;
  readonly clock: VirtualClock;
}

/** Collects what is due whenever time has passed, as a worker loop does. */
export function timersSubject(
  clock: VirtualClock,
  queue: LocalQueue,
  timers: LocalTimers,
): LocalTimersSubject {
  const wait = async (ms: number) => {
    await clock.advance(ms);
    await timers.collectDue();
  };
  return { clock, queue, timers, wait, now: () => clock.now(), leadMs: 3_600_000 };
}

export function describeLocalTimers(name: string, makeSubject: () => LocalTimersSubject): void {
  describe(name, () => {
    test("the next time is that of the earliest timer", async () => {
      const { timers } = makeSubject();
      expect(timers.nextFireAt()).toBeUndefined();
      await timers.arm({ name: "late", fireAt: 5_000, message: "late" });
      await timers.arm({ name: "soon", fireAt: 2_000, message: "soon" });
      expect(timers.nextFireAt()).toBe(2_000);
      await timers.disarm("soon");
      expect(timers.nextFireAt()).toBe(5_000);
    });

    test("collecting moves what is due, at its very millisecond, and nothing else", async () => {
      const { timers, queue, clock } = makeSubject();
      const now = clock.now();
      await timers.arm({ name: "future", fireAt: now + 1_001, message: "future" });
      await timers.arm({ name: "present", fireAt: now + 1_000, message: "present" });
      expect(await timers.collectDue()).toBe(0);
      await clock.advance(1_000);
      expect(await timers.collectDue()).toBe(1);
      expect(await timers.collectDue()).toBe(0);
      expect(await queue.receive({ max: 10, visibilityMs: 1_000, waitMs: 0 })).toMatchObject([
        { body: "present" },
      ]);
      expect(timers.nextFireAt()).toBe(now + 1_001);
    });

    test("a timer that has fired can be armed again under its name", async () => {
      const { timers, clock } = makeSubject();
      for (let round = 0; round < 2; round += 1) {
        await timers.arm({ name: "again", fireAt: clock.now(), message: "again" });
        expect(await timers.collectDue()).toBe(1);
      }
    });

    test("arming and firing are heard by who waits for them", async () => {
      const { timers, queue, clock } = makeSubject();
      const heard: string[] = [];
      const stop = timers.onArm(() => heard.push("armed"));
      queue.onSend(() => heard.push("sent"));
      await timers.arm({ name: "t", fireAt: clock.now(), message: "t" });
      await timers.collectDue();
      expect(heard).toEqual(["armed", "sent"]);
      stop();
      await timers.arm({ name: "u", fireAt: clock.now(), message: "u" });
      expect(heard).toEqual(["armed", "sent"]);
    });
  });
}
