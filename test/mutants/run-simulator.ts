// Asks the simulator whether it notices a mutant: seeds from a fixed one on, until one is violated.
import { runNode } from "./child.ts";

/** Fixed, so that the table says the same every time. */
export const FIRST_SEED = 1;
export const DEFAULT_SEEDS = 30;

export interface SeedsTried {
  readonly seeds: number;
  readonly violation?: string;
}

/** Files that the simulator never loads: it has a memory store, and queues of its own. */
const BEYOND = /^lib\/(aws|lambda|local\/sqlite|local\/memory-queue)/;

export function isInSimulation(file: string): boolean {
  return !BEYOND.test(file);
}

/** @throws when the process ends without a word */
export async function runSimulator(mutant: string | undefined, seeds: number): Promise<SeedsTried> {
  const door = mutant === undefined ? [] : ["--import", "./test/mutants/door.ts"];
  const { code, stdout, stderr } = await runNode(
    ["--conditions=perdure-source", ...door, "test/mutants/try-seeds.ts", ...[FIRST_SEED, seeds].map(String)],
    mutant,
  );
  const line = stdout.trim().split("\n").at(-1) ?? "";
  if (code !== 0 || !line.startsWith("{"))
    throw new Error(`the simulator ended with ${code ?? "no end in sight"}: ${stderr.slice(-2_000)}`);
  return JSON.parse(line) as SeedsTried;
}
