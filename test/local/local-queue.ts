// What a worker loop needs of a local queue beyond the port: when to look next, and to hear of a change.
import { describe, expect, test } from "vitest";
import type { LocalQueue } from "../../lib/local/local-queue.ts";
import type { VirtualClock } from "../../lib/local/virtual-clock.ts";

interface LocalQueueSubject {
  readonly queue: LocalQueue;
  readonly clock: VirtualClock;
}

export function describeLocalQueue(name: string, makeSubject: () => LocalQueueSubject): void {
  describe(name, () => {
    describeNextTime(makeSubject);
    describeRefusals(makeSubject);
  });
}

function describeNextTime(makeSubject: () => LocalQueueSubject): void {
  test("an empty queue has no next time", () => {
    expect(makeSubject().queue.nextVisibleAt()).toBeUndefined();
  });

  test("the next time is that of the earliest message, hidden ones included", async () => {
    const { queue, clock } = makeSubject();
    const start = clock.now();
    await queue.send("late", 9_000);
    await queue.send("soon", 4_000);
    expect(queue.nextVisibleAt()).toBe(start + 4_000);
    await queue.send("now");
    expect(queue.nextVisibleAt()).toBe(start);
    const [delivery] = await queue.receive({ max: 1, visibilityMs: 2_000, waitMs: 0 });
    expect(queue.nextVisibleAt()).toBe(start + 2_000);
    await queue.extend(delivery?.receipt ?? "", 6_000);
    expect(queue.nextVisibleAt()).toBe(start + 4_000);
    await queue.remove(delivery?.receipt ?? "");
    await clock.advance(4_000);
    expect(await queue.receive({ max: 10, visibilityMs: 1_000, waitMs: 0 })).toMatchObject([
      { body: "soon" },
    ]);
  });

  test("a listener hears of each send and of a message given back, until it stops", async () => {
    const { queue } = makeSubject();
    let heard = 0;
    const stop = queue.onSend(() => {
      heard += 1;
    });
    await queue.send("a", 5_000);
    await queue.send("b");
    expect(heard).toBe(2);
    const [delivery] = await queue.receive({ max: 1, visibilityMs: 2_000, waitMs: 0 });
    await queue.extend(delivery?.receipt ?? "", 0);
    expect(heard).toBe(3);
    stop();
    await queue.send("c");
    expect(heard).toBe(3);
  });

  test("a fraction of a millisecond never makes a message early (T1)", async () => {
    const { queue, clock } = makeSubject();
    await queue.send("later", 1_000.4);
    expect(queue.nextVisibleAt()).toBe(clock.now() + 1_001);
  });

  test("an empty receive by a worker that waits costs no turn of the loop until something happens", async () => {
    const { queue, clock } = makeSubject();
    const pending = queue.receive({ max: 1, visibilityMs: 1_000, waitMs: 20_000 });
    expect(clock.nextAt()).toBe(clock.now() + 20_000);
    await queue.send("x");
    expect(await pending).toHaveLength(1);
    expect(clock.nextAt()).toBeUndefined();
  });
}

function describeRefusals(makeSubject: () => LocalQueueSubject): void {
  test("a receive of no or too many messages is refused", async () => {
    const { queue } = makeSubject();
    for (const max of [0, 11, Number.NaN]) {
      const receive = queue.receive({ max, visibilityMs: 1_000, waitMs: 0 });
      await expect(receive).rejects.toMatchObject({ code: "E_BAD_OPTION" });
    }
  });

  test("a delay that is negative or no number is refused", async () => {
    const { queue } = makeSubject();
    for (const delayMs of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
      await expect(queue.send("x", delayMs)).rejects.toMatchObject({ code: "E_BAD_OPTION" });
    }
  });

  test("a message that shows again is anybody's: its old receipt cannot hide it, as on SQS", async () => {
    const { queue, clock } = makeSubject();
    await queue.send("slow");
    const [delivery] = await queue.receive({ max: 1, visibilityMs: 1_000, waitMs: 0 });
    await clock.advance(1_000);
    await queue.extend(delivery?.receipt ?? "", 60_000);
    expect(await queue.receive({ max: 1, visibilityMs: 1_000, waitMs: 0 })).toMatchObject([
      { receiveCount: 2 },
    ]);
  });

  test("a text that is no receipt fits no message", async () => {
    const { queue } = makeSubject();
    await queue.send("stays");
    for (const receipt of ["", "1", "nonsense", "1.x"]) {
      await queue.remove(receipt);
      await queue.extend(receipt, 60_000);
    }
    expect(await queue.receive({ max: 10, visibilityMs: 1_000, waitMs: 0 })).toMatchObject([
      { body: "stays" },
    ]);
  });
}
