// Makes a failing schedule shorter: leaves faults out one by one for as long as it still fails. What is left cannot lose
// a single one of its faults.
import type { Fault } from "./fault.ts";

export async function shrink(
  schedule: readonly Fault[],
  fails: (shorter: readonly Fault[]) => Promise<boolean>,
): Promise<readonly Fault[]> {
  let shortest = schedule;
  for (let i = 0; i < shortest.length; ) {
    const shorter = shortest.toSpliced(i, 1);
    if (await fails(shorter)) {
      shortest = shorter;
      // One that was needed before may not be needed any more.
      i = 0;
    } else i += 1;
  }
  return shortest;
}
