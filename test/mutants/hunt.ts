// What catches a mutant: the simulator first, then the tests that are most likely to notice, then all tests of its area.
import { MAX_AREA_MS } from "./child.ts";
import { editsOf, type Mutant } from "./mutant.ts";
import { isInSimulation, runSimulator } from "./run-simulator.ts";
import { ENDLESS, type FailedTest, runTests } from "./run-tests.ts";

export interface Catch {
  readonly mutant: Mutant;
  readonly by: "simulator" | "test" | "nothing";
  /** The violation, or file and title of the test; what went wrong when nothing caught it. */
  readonly what: string;
  /** Seeds that the simulator tried; nothing when it cannot reach the mutant. */
  readonly seeds?: number;
}

export async function hunt(mutant: Mutant, seeds: number): Promise<Catch> {
  let tried: { readonly seeds?: number } = {};
  try {
    if (editsOf(mutant).some(({ file }) => isInSimulation(file))) {
      const simulated = await runSimulator(mutant.name, seeds);
      tried = { seeds: simulated.seeds };
      if (simulated.violation !== undefined)
        return { mutant, by: "simulator", what: withoutIds(simulated.violation), ...tried };
    }
    const noticed = await runTests(mutant.name, mutant.noticedIn ?? []);
    if (noticed !== undefined) return { mutant, by: "test", what: whatOf(noticed), ...tried };
    const rest = restOf(mutant);
    const other = await runTests(mutant.name, rest, MAX_AREA_MS);
    if (other !== undefined) {
      // These were not seen to pass without the mutant.
      const suspects = other.title === ENDLESS ? rest : [other.file];
      const anyway = await runTests(undefined, suspects, MAX_AREA_MS);
      if (anyway !== undefined) throw new Error(`fails without a mutant too: ${whatOf(anyway)}`);
      return { mutant, by: "test", what: whatOf(other), ...tried };
    }
  } catch (error) {
    return { mutant, by: "nothing", what: error instanceof Error ? error.message : String(error), ...tried };
  }
  return { mutant, by: "nothing", what: "every test passes", ...tried };
}

function whatOf({ file, title }: FailedTest): string {
  return `${file}: ${title}`;
}

/** Everything that might notice at all. */
function restOf({ file }: Mutant): readonly string[] {
  if (file.startsWith("lib/aws/")) return ["test/aws/", "test/mutants/"];
  if (file.startsWith("lib/lambda/")) return ["test/lambda/"];
  return ["test/engine/", "test/local/memory-", "test/local/sqlite-", "test/api/", "test/mutants/"];
}

/** A violation names a run of one seed: which one says nothing. */
export function withoutIds(violation: string): string {
  return violation
    .split("\n")[0]!
    .replace(/^without a fault: /, "")
    .replaceAll(/\brun_\w+/g, "run")
    .trim();
}
