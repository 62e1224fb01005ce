// Which calls of a course a process is killed at: each of them in the plain mode; in another one a part of them, that begins
// elsewhere each time, so that in the course of time each call has its crash in each mode.
import { onTestFailed } from "vitest";
import { crashEvery } from "./modes.ts";

/** `CRASH_SEED=n` repeats where processes die. */
export const crashSeed = Number(process.env.CRASH_SEED ?? Date.now() % 1_000_000);
if (!Number.isSafeInteger(crashSeed) || crashSeed < 0)
  throw new Error(`CRASH_SEED is ${JSON.stringify(process.env.CRASH_SEED)}; it must be a whole number.`);

/** Numbers of calls from 1 to `most`, at least one, for the test that is under way. */
export function* crashPoints(most = Number.POSITIVE_INFINITY): Generator<number, void> {
  if (crashEvery > 1) onTestFailed(() => console.error(`CRASH_SEED=${crashSeed}`));
  const first = 1 + (crashSeed % Math.min(crashEvery, most));
  for (let point = first; point <= most; point += crashEvery) yield point;
}
