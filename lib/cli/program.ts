// The command line: which commands there are, and how a failure is told.
import { Command } from "commander";
import { StartError } from "../local/start-error.ts";
import { PerdureError } from "../sdk/errors.ts";
import { devCommand } from "./dev.ts";
import { explainCommand } from "./explain.ts";
import { packageVersion } from "./package-root.ts";

/** Runs the command that `argv` (as of the process) names. A failure is told on stderr and sets the exit code. */
export async function runCli(argv: readonly string[]): Promise<void> {
  const program = new Command("perdure")
    .description("Durable workflows in plain TypeScript.")
    .version(packageVersion())
    .showHelpAfterError()
    .addCommand(devCommand())
    .addCommand(explainCommand());
  try {
    await program.parseAsync(argv);
  } catch (error) {
    console.error(tell(error));
    process.exit(1);
  }
}

/** Faults of the user's making in their own words; anything else with all there is. */
function tell(error: unknown): string {
  if (error instanceof StartError || error instanceof PerdureError) return error.message;
  return String(error instanceof Error ? error.stack : error);
}
