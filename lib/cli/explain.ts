// perdure explain CODE: prints the page of an error code.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { ERROR_CODES } from "../sdk/errors.ts";
import { packageRoot } from "./package-root.ts";

export function explainCommand(): Command {
  return new Command("explain")
    .description("say what an error code means and what to do about it")
    .argument("<code>", "for example E_NONDETERMINISM")
    .action((code: string, _options: object, command: Command) => {
      const page = readErrorPage(code.toUpperCase());
      if (page === undefined) {
        command.error(
          `There is no error code ${code}. The codes are:\n  ${Object.keys(ERROR_CODES).join("\n  ")}`,
        );
      } else {
        process.stdout.write(page);
      }
    });
}

/** Nothing when there is no such code. */
function readErrorPage(code: string): string | undefined {
  if (!Object.hasOwn(ERROR_CODES, code)) return undefined;
  return readFileSync(join(packageRoot(), "docs", "errors", `${code}.md`), "utf8");
}
