// The contract of the Timers port (lib/ports/timers.ts) as tests. A timer may fire late or twice, so nothing here
// counts messages; it must not fire early, and not after it was disarmed in good time (T1).
import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import type { Queue } from "../../lib/ports/queue.ts";
import type { Timers } from "../../lib/ports/timers.ts";
import {
  type Behaviour,
  describeSuite,
  eventually,
  type MakeSubject,
  type Subject,
  type SuiteOptions,
} from "./suite.ts";

export interface TimersSubject extends Subject {
  readonly timers: Timers;
  /** The activation queue the timers fire into; empty. */
  readonly queue: Queue;
  /** Epoch ms of the clock the timers go by. */
  now(): number;
  /** How far ahead a test arms its timers: long enough to disarm in time. */
  readonly leadMs: number;
}

export function describeTimers(
  name: string,
  makeSubject: MakeSubject<TimersSubject>,
  options: SuiteOptions = {},
): void {
  describeSuite(name, makeSubject, options, (behaviour) => {
    describeArm(behaviour);
    describeDisarm(behaviour);
  });
}

function describeArm(behaviour: Behaviour<TimersSubject>): void {
  behaviour("a timer puts its message on the queue, not before its time (T1)", async (subject) => {
    const message = aMessage();
    await subject.timers.arm({ name: aName(), fireAt: subject.now() + subject.leadMs, message });
    await subject.wait(subject.leadMs / 2);
    expect(await received(subject.queue)).not.toContain(message);
    await subject.wait(subject.leadMs / 2);
    await eventually(subject, async () => expect(await received(subject.queue)).toContain(message));
  });

  behaviour("a timer whose time is past fires at once", async (subject) => {
    const message = aMessage();
    await subject.timers.arm({ name: aName(), fireAt: subject.now() - 60_000, message });
    await subject.wait(0);
    await eventually(subject, async () => expect(await received(subject.queue)).toContain(message));
  });

  behaviour("arming a name again is success, and the timer that is armed stands", async (subject) => {
    const [name, message, other] = [aName(), aMessage(), aMessage()];
    const fireAt = subject.now() + subject.leadMs;
    await subject.timers.arm({ name, fireAt, message });
    await subject.timers.arm({ name, fireAt, message: other });
    await subject.wait(subject.leadMs);
    await eventually(subject, async () => {
      const bodies = await received(subject.queue);
      expect(bodies).toContain(message);
      expect(bodies).not.toContain(other);
    });
  });

  behaviour("of many who arm one name at once all succeed, and one timer fires", async (subject) => {
    const name = aName();
    const messages = Array.from({ length: 4 }, aMessage);
    const fireAt = subject.now() + subject.leadMs;
    await Promise.all(messages.map((message) => subject.timers.arm({ name, fireAt, message })));
    await subject.wait(subject.leadMs);
    await eventually(subject, async () => {
      const fired = new Set((await received(subject.queue)).filter((body) => messages.includes(body)));
      expect(fired.size).toBe(1);
    });
  });
}

function describeDisarm(behaviour: Behaviour<TimersSubject>): void {
  behaviour("a disarmed timer does not fire, its neighbour does", async (subject) => {
    const [name, message, neighbour] = [aName(), aMessage(), aMessage()];
    const fireAt = subject.now() + subject.leadMs;
    await subject.timers.arm({ name, fireAt, message });
    await subject.timers.arm({ name: aName(), fireAt, message: neighbour });
    await subject.timers.disarm(name);
    await subject.wait(subject.leadMs);
    await eventually(subject, async () => {
      const bodies = await received(subject.queue);
      expect(bodies).toContain(neighbour);
      expect(bodies).not.toContain(message);
    });
  });

  behaviour("disarming what was never armed, or twice, is success", async (subject) => {
    const name = aName();
    await subject.timers.disarm(name);
    await subject.timers.arm({ name, fireAt: subject.now() + subject.leadMs, message: aMessage() });
    await subject.timers.disarm(name);
    await subject.timers.disarm(name);
  });

  behaviour("a disarmed name can be armed anew", async (subject) => {
    const [name, message] = [aName(), aMessage()];
    const fireAt = subject.now() + subject.leadMs;
    await subject.timers.arm({ name, fireAt, message: aMessage() });
    await subject.timers.disarm(name);
    await subject.timers.arm({ name, fireAt, message });
    await subject.wait(subject.leadMs);
    await eventually(subject, async () => expect(await received(subject.queue)).toContain(message));
  });
}

/** Letters, digits and hyphens, below 64 characters: what a schedule may be called. */
function aName(): string {
  return `timer-${randomUUID()}`;
}

function aMessage(): string {
  return JSON.stringify({ timer: randomUUID() });
}

/** Bodies of all that can be received now; they show again at once. */
async function received(queue: Queue): Promise<string[]> {
  const bodies: string[] = [];
  const receipts: string[] = [];
  for (let round = 0; round < 10; round += 1) {
    const batch = await queue.receive({ max: 10, visibilityMs: 30_000, waitMs: 0 });
    if (batch.length === 0) break;
    bodies.push(...batch.map((delivery) => delivery.body));
    receipts.push(...batch.map((delivery) => delivery.receipt));
  }
  for (const receipt of receipts) await queue.extend(receipt, 0);
  return bodies;
}
