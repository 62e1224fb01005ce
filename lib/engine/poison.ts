// A run is poison when its process dies again and again before it can say anything (out of memory, a timeout, an exit
// in the code). Claims count as failures until a run is suspended; a checkpoint in between is progress.
import { MAX_FAILS } from "../limits.ts";
import type { Run } from "../ports/run.ts";

/** `lastFence` is the fence under which the last checkpoint was written, 0 when there is none. */
export function isPoison(run: Run, lastFence: number): boolean {
  return run.fails > MAX_FAILS && run.fence - lastFence > MAX_FAILS;
}
