// Seeds shared out among processes: each asks for a few, tries them and sends what came of them, so that a seed that
// takes long holds up nobody. With one job all of it happens in this process.
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type Tally, tallyOf } from "./report.ts";
import { tryout } from "./trial.ts";

const JOB = fileURLToPath(new URL("job.ts", import.meta.url));
/** Few enough that all jobs end at about the same time. */
const SEEDS_AT_ONCE = 10;

export type ToJob = { readonly first: number; readonly end: number };
export type FromJob =
  | { readonly kind: "ready" }
  | { readonly kind: "tally"; readonly tally: Tally }
  | { readonly kind: "broken"; readonly what: string };

export interface Work {
  readonly first: number;
  /** One beyond the last seed. It is asked for again and again: who is stopped makes it less. */
  readonly end: () => number;
  readonly jobs: number;
  readonly onTally: (tally: Tally) => void;
}

/** @throws when a process ends in the middle of a seed */
export async function tryAll({ first, end, jobs, onTally }: Work): Promise<void> {
  if (jobs === 1) {
    for (let seed = first; seed < end(); seed += 1) onTally(tallyOf(await tryout(seed)));
    return;
  }
  let next = first;
  const take = (): ToJob | undefined => {
    if (next >= end()) return undefined;
    const part = { first: next, end: Math.min(end(), next + SEEDS_AT_ONCE) };
    next = part.end;
    return part;
  };
  await Promise.all(Array.from({ length: jobs }, async () => await work(take, onTally)));
}

async function work(take: () => ToJob | undefined, onTally: Work["onTally"]): Promise<void> {
  // A signal from the terminal goes to all processes; only the first of them decides what it means.
  const job: ChildProcess = fork(JOB, { detached: true });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const leave = () => job.disconnect();
  job.on("message", (message: FromJob) => {
    if (message.kind === "tally") return onTally(message.tally);
    if (message.kind === "broken") return reject(new Error(message.what));
    const part = take();
    if (part === undefined) return leave();
    job.send(part);
  });
  job.on("exit", (code) => (code === 0 ? resolve() : reject(new Error(`a job ended with ${code}`))));
  try {
    await promise;
  } finally {
    if (job.connected) leave();
  }
}
