// Makes a failing schedule shorter: leaves out halves, then quarters, down to single faults, for as long as it still
// fails. What is left cannot lose a single one of its faults, unless the tries were used up first.
import type { Fault } from "./fault.ts";

/** Each is a whole play. */
const MAX_TRIES = 600;

export async function shrink(
  schedule: readonly Fault[],
  fails: (shorter: readonly Fault[]) => Promise<boolean>,
  maxTries = MAX_TRIES,
): Promise<readonly Fault[]> {
  let shortest = schedule;
  let tries = 0;
  const leaveOut = async (size: number): Promise<boolean> => {
    let hasShrunk = false;
    for (let from = 0; from < shortest.length && tries < maxTries; ) {
      const shorter = shortest.toSpliced(from, size);
      tries += 1;
      if (await fails(shorter)) {
        shortest = shorter;
        hasShrunk = true;
      } else from += size;
    }
    return hasShrunk;
  };
  for (let size = Math.ceil(shortest.length / 2); size > 1; size = Math.ceil(size / 2)) await leaveOut(size);
  // One that was needed before may not be needed any more.
  while (tries < maxTries && (await leaveOut(1)));
  return shortest;
}
