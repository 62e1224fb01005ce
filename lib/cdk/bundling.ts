// How the functions' code is made: esbuild on this machine (never Docker), one ES module with everything in it, the AWS
// SDK too, because the runtime's own copy is another version and slower to load.
//
// Two imports are led elsewhere: `perdure-workflows` to the user's module, and the SDK's credential chain to the two
// sources that exist in a function (functions/credentials.ts).
import { existsSync } from "node:fs";
import path from "node:path";
import { type BundlingOptions, LogLevel, OutputFormat } from "aws-cdk-lib/aws-lambda-nodejs";

export type EntryPoint = "activate" | "step" | "api" | "sweep" | "dead-letter";

/** `.ts` when this runs from Perdure's sources, `.js` when from its package. */
const EXTENSION = path.extname(import.meta.filename);
const FUNCTIONS = path.resolve(import.meta.dirname, "../../functions");

/** Dependencies in CommonJS find their `require`. */
const BANNER = 'import{createRequire}from"node:module";const require=createRequire(import.meta.url);';

export function entryFile(entry: EntryPoint): string {
  return functionFile(entry);
}

/** @throws Error when there is no such module */
export function bundling(workflows: string | undefined): BundlingOptions {
  return {
    format: OutputFormat.ESM,
    target: "node24",
    minify: true,
    // An error without a name of its own is recorded by the name of its class.
    keepNames: true,
    sourceMap: false,
    logLevel: LogLevel.WARNING,
    banner: BANNER,
    mainFields: ["module", "main"],
    externalModules: [],
    esbuildArgs: {
      ...(EXTENSION === ".ts" && { "--conditions": "perdure-source,module" }),
      "--alias:@aws-sdk/credential-provider-node": functionFile("credentials"),
      ...(workflows !== undefined && { "--alias:perdure-workflows": workflowsFile(workflows) }),
    },
  };
}

function functionFile(name: string): string {
  return path.join(FUNCTIONS, `${name}${EXTENSION}`);
}

function workflowsFile(workflows: string): string {
  const file = path.resolve(workflows);
  if (existsSync(file)) return file;
  throw new Error(
    `There is no file ${file}; \`workflows\` is the path of the module that exports your workflows.`,
  );
}
