// A process of its own that runs the simulator with one mutant: seeds from the first on, until one is violated. Prints
// one line of JSON (`SeedsTried`); started by run-simulator.ts with the door preloaded.
import type { SeedsTried } from "./run-simulator.ts";

const [first = 1, seeds = 1] = process.argv.slice(2).map(Number);
let underWay = first;
const tell = (tried: SeedsTried) => process.stdout.write(`${JSON.stringify(tried)}\n`);

process.on("unhandledRejection", (error) => {
  tell({ seeds: underWay - first + 1, violation: `nobody handles ${String(error)}` });
  process.exit(0);
});

// Not at the top: what the mutant breaks while it is loaded is noticed too.
const { tryout } = await import("../simulation/trial.ts");
let violation: string | undefined;
for (; underWay < first + seeds && violation === undefined; underWay += 1) {
  try {
    ({
      violations: [violation],
    } = await tryout(underWay, { doesShrink: false }));
  } catch (error) {
    violation = `the simulator broke: ${String(error)}`;
  }
}
tell({ seeds: underWay - first, ...(violation === undefined ? {} : { violation }) });
process.exit(0);
