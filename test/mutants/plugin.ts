// The door for vitest: a plugin that changes the mutant's files before anything else looks at them. Without
// PERDURE_MUTANT it does nothing at all.
//
// Vitest keeps what it has transformed on the disk, for the next run, and knows nothing of mutants: a mutant's files must
// neither be taken from there nor be put there. So that cache is off with a mutant, and the plugin has another name, which
// is part of the cache's keys.
import type { Plugin } from "vitest/config";
import { createPatch, MUTANT_VARIABLE, mutantOf } from "./patch.ts";

type Environment = Parameters<typeof mutantOf>[0];

export function mutants(environment: Environment = process.env): Plugin {
  const mutant = mutantOf(environment);
  if (mutant === undefined) return { name: "no mutant" };
  const patch = createPatch(mutant);
  return {
    name: `${MUTANT_VARIABLE} ${mutant.name}`,
    enforce: "pre",
    config: () => ({ test: { fsModuleCache: false } }),
    transform: (code, id) => patch(id, () => code),
  };
}
