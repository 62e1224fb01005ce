// Which mutant the environment names, and what becomes of a file that is being loaded. Shared by both doors.
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { CATALOGUE } from "./catalogue.ts";
import { editsOf, type Mutant, mutate } from "./mutant.ts";

/** Names the mutant to load. No file of the product knows of it (catalogue.test.ts). */
export const MUTANT_VARIABLE = "PERDURE_MUTANT";
export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

type Environment = Readonly<Record<string, string | undefined>>;

/** The mutant that the environment names, if it names one. @throws when there is none of that name */
export function mutantOf(environment: Environment): Mutant | undefined {
  const name = environment[MUTANT_VARIABLE];
  if (name === undefined || name === "") return undefined;
  const mutant = CATALOGUE.find((candidate) => candidate.name === name);
  if (mutant === undefined) throw new Error(`${MUTANT_VARIABLE}: there is no mutant "${name}"`);
  return mutant;
}

export function requireMutant(environment: Environment): Mutant {
  const mutant = mutantOf(environment);
  if (mutant === undefined) throw new Error(`${MUTANT_VARIABLE} names no mutant`);
  return mutant;
}

/** Answers the mutated text of a file, or nothing when the mutant leaves the file alone. */
export function createPatch(mutant: Mutant): (url: string, text: () => string) => string | undefined {
  const files = new Set(editsOf(mutant).map(({ file }) => file));
  return (url, text) => {
    const [path = ""] = (url.startsWith("file:") ? fileURLToPath(url) : url).split("?");
    const file = relative(ROOT, path).replaceAll("\\", "/");
    return files.has(file) ? mutate(mutant, file, text()) : undefined;
  };
}
