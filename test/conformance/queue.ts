// The contract of the Queue port (lib/ports/queue.ts) as tests. Visibility times are whole seconds and small, so that
// the same tests run against a real queue, where waiting is real.
//
//   describeQueue("memory queue", () => { const clock = new VirtualClock(); return { queue: …, wait: (ms) => clock.advance(ms) } });
import { expect } from "vitest";
import type { Delivery, Queue } from "../../lib/ports/queue.ts";
import { type Behaviour, describeSuite, type MakeSubject, type Subject, type SuiteOptions } from "./suite.ts";

export interface QueueSubject extends Subject {
  /** Empty. */
  readonly queue: Queue;
  /** How long a receive that expects something may wait for it: a real queue answers a short poll with nothing now and then. @default 0 */
  readonly patienceMs?: number;
}

export interface DeadLetterSubject extends QueueSubject {
  /** Where messages go that `queue` has delivered `maxReceives` times. */
  readonly deadLetters: Queue;
  readonly maxReceives: number;
}

export function describeQueue(
  name: string,
  makeSubject: MakeSubject<QueueSubject>,
  options: SuiteOptions = {},
): void {
  describeSuite(name, makeSubject, options, (behaviour) => {
    describeSend(behaviour);
    describeReceive(behaviour);
    describeWaiting(behaviour);
    describeVisibility(behaviour);
    describeRemove(behaviour);
  });
}

/** For queues that are given a dead-letter queue. */
export function describeDeadLetters(
  name: string,
  makeSubject: MakeSubject<DeadLetterSubject>,
  options: SuiteOptions = {},
): void {
  describeSuite(name, makeSubject, options, (behaviour) => {
    behaviour("a message received too often moves to the dead-letter queue", async (subject) => {
      const { queue, deadLetters, maxReceives } = subject;
      await queue.send("poison");
      for (let count = 1; count <= maxReceives; count += 1) {
        const delivery = await takeOne(subject, 1_000);
        expect(delivery).toMatchObject({ body: "poison", receiveCount: count });
        await subject.wait(1_100);
      }
      expect(await receiveNow(queue)).toEqual([]);
      const dead = await takeOne({ ...subject, queue: deadLetters }, 1_000);
      expect(dead.body).toBe("poison");
    });

    behaviour(
      "a receiver that waits at the dead-letter queue gets a message that moves there",
      async (subject) => {
        const { queue, deadLetters, maxReceives } = subject;
        await queue.send("poison");
        for (let count = 1; count <= maxReceives; count += 1) {
          const delivery = await takeOne(subject, 30_000);
          await queue.extend(delivery.receipt, 0);
        }
        const pending = deadLetters.receive({ max: 1, visibilityMs: 30_000, waitMs: 5_000 });
        await subject.wait(200);
        expect(await receiveNow(queue)).toEqual([]);
        expect((await pending).map((delivery) => delivery.body)).toEqual(["poison"]);
      },
    );

    behaviour("a message removed in its last delivery does not become a dead letter", async (subject) => {
      const { queue, deadLetters, maxReceives } = subject;
      await queue.send("hard work");
      for (let count = 1; count <= maxReceives; count += 1) {
        const delivery = await takeOne(subject, 1_000);
        if (count === maxReceives) await queue.remove(delivery.receipt);
        await subject.wait(1_100);
      }
      expect(await receiveNow(queue)).toEqual([]);
      expect(await receiveNow(deadLetters)).toEqual([]);
    });
  });
}

function describeSend(behaviour: Behaviour<QueueSubject>): void {
  behaviour("a message sent without delay is received with its body, the first time", async (subject) => {
    await subject.queue.send("hello");
    expect(await takeOne(subject, 2_000)).toMatchObject({ body: "hello", receiveCount: 1 });
  });

  behaviour("a body keeps any Unicode and a hundred kilobytes", async (subject) => {
    for (const body of ['{"runId":"run_01"}', "Grüße, 世界 🦄\n\t\"'\\", "x".repeat(100_000)]) {
      await subject.queue.send(body);
      const delivery = await takeOne(subject, 2_000);
      expect(delivery.body).toBe(body);
      await subject.queue.remove(delivery.receipt);
    }
  });

  behaviour("a delayed message is not received before its time, and is after it", async (subject) => {
    await subject.queue.send("later", 2_000);
    expect(await receiveNow(subject.queue)).toEqual([]);
    await subject.wait(1_000);
    expect(await receiveNow(subject.queue)).toEqual([]);
    await subject.wait(1_100);
    expect((await takeOne(subject, 2_000)).body).toBe("later");
  });

  behaviour("a delay above the queue's longest is refused, and nothing is sent", async ({ queue }) => {
    await expect(queue.send("too late", queue.maxDelayMs + 1_000)).rejects.toThrow();
    expect(await receiveNow(queue)).toEqual([]);
  });

  behaviour("the queue takes its longest delay", async ({ queue }) => {
    await queue.send("late", queue.maxDelayMs);
    expect(await receiveNow(queue)).toEqual([]);
  });

  behaviour("equal bodies are messages of their own", async (subject) => {
    await subject.queue.send("same");
    await subject.queue.send("same");
    const first = await takeOne(subject, 30_000);
    const second = await takeOne(subject, 30_000);
    expect([first.body, second.body]).toEqual(["same", "same"]);
    expect(first.receipt).not.toBe(second.receipt);
  });
}

function describeReceive(behaviour: Behaviour<QueueSubject>): void {
  behaviour("an empty queue gives nothing", async ({ queue }) => {
    expect(await receiveNow(queue)).toEqual([]);
  });

  behaviour(
    "receive gives at most as many messages as asked for, and each to one receiver",
    async (subject) => {
      const bodies = Array.from({ length: 12 }, (_, i) => `message ${i}`);
      for (const body of bodies) await subject.queue.send(body);
      const received: string[] = [];
      for (let round = 0; round < 20 && received.length < bodies.length; round += 1) {
        const batch = await take(subject, 5, 30_000);
        expect(batch.length).toBeLessThanOrEqual(5);
        received.push(...batch.map((delivery) => delivery.body));
      }
      expect(received.toSorted()).toEqual(bodies.toSorted());
    },
  );

  behaviour("of two who receive at once one gets the only message", async (subject) => {
    await subject.queue.send("only");
    const [one, other] = await Promise.all([take(subject, 10, 30_000), take(subject, 10, 30_000)]);
    expect([...(one ?? []), ...(other ?? [])].map((delivery) => delivery.body)).toEqual(["only"]);
  });
}

function describeWaiting(behaviour: Behaviour<QueueSubject>): void {
  behaviour("a receiver that waits gets a message as soon as it is sent", async (subject) => {
    const pending = subject.queue.receive({ max: 1, visibilityMs: 30_000, waitMs: 5_000 });
    await subject.wait(500);
    await subject.queue.send("at last");
    expect((await pending).map((delivery) => delivery.body)).toEqual(["at last"]);
  });

  behaviour("a receiver that waits gets a delayed message when it becomes visible", async (subject) => {
    await subject.queue.send("soon", 1_000);
    const pending = subject.queue.receive({ max: 1, visibilityMs: 30_000, waitMs: 5_000 });
    await subject.wait(1_000);
    expect((await pending).map((delivery) => delivery.body)).toEqual(["soon"]);
  });

  behaviour("a receiver that waits goes away with nothing when its time is over", async (subject) => {
    const pending = subject.queue.receive({ max: 1, visibilityMs: 30_000, waitMs: 1_000 });
    await subject.wait(1_000);
    expect(await pending).toEqual([]);
  });

  behaviour(
    "of two receivers that wait one gets the message, and the other goes on waiting",
    async (subject) => {
      const options = { max: 1, visibilityMs: 30_000, waitMs: 5_000 };
      const pending = [subject.queue.receive(options), subject.queue.receive(options)];
      await subject.wait(200);
      await subject.queue.send("one");
      await subject.wait(200);
      await subject.queue.send("two");
      const bodies = (await Promise.all(pending)).flat().map((delivery) => delivery.body);
      expect(bodies.toSorted()).toEqual(["one", "two"]);
    },
  );
}

function describeVisibility(behaviour: Behaviour<QueueSubject>): void {
  behaviour("a received message is hidden, then comes back with a higher receive count", async (subject) => {
    await subject.queue.send("again");
    await takeOne(subject, 2_000);
    expect(await receiveNow(subject.queue)).toEqual([]);
    await subject.wait(1_000);
    expect(await receiveNow(subject.queue)).toEqual([]);
    await subject.wait(1_100);
    expect(await takeOne(subject, 2_000)).toMatchObject({ body: "again", receiveCount: 2 });
  });

  behaviour("extend hides a message from now on, longer than its receive did", async (subject) => {
    await subject.queue.send("long work");
    const delivery = await takeOne(subject, 2_000);
    await subject.wait(1_000);
    await subject.queue.extend(delivery.receipt, 3_000);
    await subject.wait(1_500);
    expect(await receiveNow(subject.queue)).toEqual([]);
    await subject.wait(1_600);
    expect((await takeOne(subject, 2_000)).receiveCount).toBe(2);
  });

  behaviour("extend by zero shows a message at once", async (subject) => {
    await subject.queue.send("give back");
    const delivery = await takeOne(subject, 30_000);
    await subject.queue.extend(delivery.receipt, 0);
    expect(await takeOne(subject, 30_000)).toMatchObject({ body: "give back", receiveCount: 2 });
  });

  behaviour("extend by zero wakes a receiver that waits", async (subject) => {
    await subject.queue.send("give back");
    const delivery = await takeOne(subject, 30_000);
    const pending = subject.queue.receive({ max: 1, visibilityMs: 30_000, waitMs: 5_000 });
    await subject.wait(300);
    await subject.queue.extend(delivery.receipt, 0);
    expect((await pending).map(({ body }) => body)).toEqual(["give back"]);
  });

  behaviour("extend with a stale receipt, or of a removed message, succeeds", async (subject) => {
    await subject.queue.send("twice");
    const first = await takeOne(subject, 1_000);
    await subject.wait(1_100);
    const second = await takeOne(subject, 30_000);
    await subject.queue.extend(first.receipt, 1_000);
    await subject.queue.remove(second.receipt);
    await subject.queue.extend(second.receipt, 1_000);
    await subject.wait(1_100);
    expect(await receiveNow(subject.queue)).toEqual([]);
  });

  behaviour("extend of a message that shows again, not yet received anew, succeeds", async (subject) => {
    await subject.queue.send("slow");
    const delivery = await takeOne(subject, 1_000);
    await subject.wait(1_100);
    await subject.queue.extend(delivery.receipt, 1_000);
    await subject.wait(1_100);
    expect((await takeOne(subject, 2_000)).receiveCount).toBe(2);
  });
}

function describeRemove(behaviour: Behaviour<QueueSubject>): void {
  behaviour("a removed message never comes back", async (subject) => {
    await subject.queue.send("done");
    const delivery = await takeOne(subject, 1_000);
    await subject.queue.remove(delivery.receipt);
    await subject.wait(1_100);
    expect(await receiveNow(subject.queue)).toEqual([]);
  });

  behaviour("removing a message twice succeeds, and takes no other message with it", async (subject) => {
    await subject.queue.send("done");
    const delivery = await takeOne(subject, 30_000);
    await subject.queue.send("stays");
    await subject.queue.remove(delivery.receipt);
    await subject.queue.remove(delivery.receipt);
    expect((await takeOne(subject, 30_000)).body).toBe("stays");
  });
}

async function receiveNow(queue: Queue): Promise<Delivery[]> {
  return await queue.receive({ max: 10, visibilityMs: 1_000, waitMs: 0 });
}

async function take(
  { queue, patienceMs = 0 }: QueueSubject,
  max: number,
  visibilityMs: number,
): Promise<Delivery[]> {
  return await queue.receive({ max, visibilityMs, waitMs: patienceMs });
}

async function takeOne(subject: QueueSubject, visibilityMs: number): Promise<Delivery> {
  const [delivery, ...more] = await take(subject, 1, visibilityMs);
  expect(more).toEqual([]);
  if (delivery === undefined) throw new Error("the queue gave nothing");
  return delivery;
}
