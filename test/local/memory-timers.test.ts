import { MemoryQueue } from "../../lib/local/memory-queue.ts";
import { MemoryTimers } from "../../lib/local/memory-timers.ts";
import { VirtualClock } from "../../lib/local/virtual-clock.ts";
import { describeTimers } from "../conformance/timers.ts";
import { describeLocalTimers, timersSubject } from "./local-timers.ts";

const makeSubject = () => {
  const clock = new VirtualClock();
  const queue = new MemoryQueue({ clock });
  return timersSubject(clock, queue, new MemoryTimers({ clock, queue }));
};

describeTimers("memory timers", makeSubject);
describeLocalTimers("memory timers of a worker loop", makeSubject);
