// What `ctx.parallel` and `ctx.map` have in common: many pieces of work, of which some may fail. The same situations are
// played with both.
import { early, replays } from "./batch-ends.ts";
import { failures } from "./batch-failures.ts";
import type { BatchSituation, RunPieces } from "./batch-pieces.ts";
import { rules } from "./batch-rules.ts";
import { concurrency, values } from "./batch-values.ts";
import { situations } from "./situation.ts";

const PARTS: Readonly<Record<string, readonly BatchSituation[]>> = {
  "gives values": values,
  "follows its rules": rules,
  fails: failures,
  "goes on at the same time": concurrency,
  "ends early": early,
  "is replayed": replays,
};

export function batchSituations(what: string, run: RunPieces): void {
  for (const [part, list] of Object.entries(PARTS)) {
    const bound = list.map((one) => ({ ...one, code: one.code.bind(undefined, run) }));
    situations(`${what} ${part}`, bound);
  }
}
