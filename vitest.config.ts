/**
 * `unit` is everything that needs no cloud and is run by `npm test`; `cloud` deploys to an AWS endpoint, one file at a
 * time, and is run by `npm run test:cloud`. Each `mode:…` is the functional suite once more with the engine in that mode
 * (test/engine/modes.ts); all of them are run by `npm run test:modes`.
 *
 * Tests and examples import Perdure by its own name (`import { workflow } from "perdure"`): the condition
 * `perdure-source` leads that name to lib/ instead of dist/, here and in every process the tests start.
 */
import { defineConfig } from "vitest/config";
import { skipsWithoutDynoxide } from "./test/aws/dynoxide.ts";
import { ClosingLine } from "./test/closing-line.ts";
import { MODE_NAMES, setUpOf } from "./test/engine/modes.ts";
import { mutants } from "./test/mutants/plugin.ts";

const SOURCE_CONDITION = "perdure-source";
const MINUTE_MS = 60_000;

const resolve = { conditions: [SOURCE_CONDITION, "node", "development|production"] };
const processes = {
  pool: "forks" as const,
  execArgv: [`--conditions=${SOURCE_CONDITION}`],
};

/** One that needs a DynamoDB server is left out where there is none. */
const MODES = MODE_NAMES.filter(
  (name) => name !== "plain" && (setUpOf(name).length === 0 || !skipsWithoutDynoxide()),
);

export default defineConfig({
  test: {
    reporters: ["default", new ClosingLine()],
    maxWorkers: 2,
    teardownTimeout: MINUTE_MS,
    projects: [
      {
        plugins: [mutants()],
        resolve,
        ssr: { resolve },
        test: {
          ...processes,
          name: "unit",
          include: ["test/**/*.test.ts", "examples/**/*.test.ts"],
          exclude: ["test/cloud/**", "**/node_modules/**"],
          // A bound for what never ends, not a measure of speed.
          testTimeout: 10 * MINUTE_MS,
          hookTimeout: 3 * MINUTE_MS,
        },
      },
      ...MODES.map((name) => ({
        resolve,
        ssr: { resolve },
        test: {
          ...processes,
          name: `mode:${name}`,
          env: { ENGINE_MODE: name },
          setupFiles: [...setUpOf(name)],
          include: ["test/{engine,golden}/**/*.test.ts"],
          // Pure functions know no mode, and other stores have one of their own (tiny-query-pages).
          exclude: ["test/engine/{codec,retry}.test.ts", "test/**/*stores.test.ts", "**/node_modules/**"],
          testTimeout: 10 * MINUTE_MS,
          hookTimeout: 3 * MINUTE_MS,
        },
      })),
      {
        resolve,
        ssr: { resolve },
        test: {
          ...processes,
          name: "cloud",
          include: ["test/cloud/**/*.test.ts"],
          fileParallelism: false,
          testTimeout: 5 * MINUTE_MS,
          hookTimeout: 15 * MINUTE_MS,
        },
      },
    ],
  },
});
