// The simulator's queue keeps the contract of every queue, as far as it has the method: what it gets wrong, every seed
// would.
import { VirtualClock } from "../../lib/local/virtual-clock.ts";
import { describeDeadLetters, describeQueue } from "../conformance/queue.ts";
import { SimQueue } from "./queue.ts";

const MAX_RECEIVES = 3;
const why = "the world looks at all queues whenever time moves; nobody waits at one";

describeQueue(
  "the simulator's queue",
  () => {
    const clock = new VirtualClock();
    return { queue: new SimQueue(clock), wait: async (ms) => await clock.advance(ms) };
  },
  {
    skips: {
      "a receiver that waits gets a message as soon as it is sent": why,
      "a receiver that waits gets a delayed message when it becomes visible": why,
      "of two receivers that wait one gets the message, and the other goes on waiting": why,
      "extend by zero wakes a receiver that waits": why,
    },
  },
);

describeDeadLetters(
  "the simulator's dead letters",
  () => {
    const clock = new VirtualClock();
    const deadLetters = new SimQueue(clock);
    const queue = new SimQueue(clock, { queue: deadLetters, maxReceives: MAX_RECEIVES });
    return { queue, deadLetters, maxReceives: MAX_RECEIVES, wait: async (ms) => await clock.advance(ms) };
  },
  { skips: { "a receiver that waits at the dead-letter queue gets a message that moves there": why } },
);
