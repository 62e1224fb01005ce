// The door for plain node processes: `node --import ./test/mutants/door.ts …` with PERDURE_MUTANT naming a mutant
// changes its files while they are loaded. Without the variable it refuses, so that nobody believes to test a mutant
// that is not there.
import { registerHooks } from "node:module";
import { createPatch, requireMutant } from "./patch.ts";

const mutant = requireMutant(process.env);
const patch = createPatch(mutant);

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!url.startsWith("file:") || loaded.source === undefined || loaded.source === null) return loaded;
    const { source } = loaded;
    const mutated = patch(url, () =>
      typeof source === "string" ? source : new TextDecoder().decode(source),
    );
    return mutated === undefined ? loaded : { ...loaded, source: mutated };
  },
});
