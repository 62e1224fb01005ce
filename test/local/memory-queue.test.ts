import { MemoryQueue } from "../../lib/local/memory-queue.ts";
import { VirtualClock } from "../../lib/local/virtual-clock.ts";
import { describeDeadLetters, describeQueue } from "../conformance/queue.ts";
import { describeLocalQueue } from "./local-queue.ts";

const makeSubject = () => {
  const clock = new VirtualClock();
  return { clock, queue: new MemoryQueue({ clock }), wait: (ms: number) => clock.advance(ms) };
};

describeQueue("memory queue", makeSubject);
describeLocalQueue("memory queue of a worker loop", makeSubject);
describeDeadLetters("memory queue with dead letters", () => {
  const clock = new VirtualClock();
  const deadLetters = new MemoryQueue({ clock });
  const queue = new MemoryQueue({ clock, deadLetters: { queue: deadLetters, maxReceives: 3 } });
  return { queue, deadLetters, maxReceives: 3, wait: (ms) => clock.advance(ms) };
});
