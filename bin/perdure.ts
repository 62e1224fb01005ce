#!/usr/bin/env node
// Entry of the command line; all of it is in lib/cli.
import { runCli } from "../lib/cli/program.ts";

await runCli(process.argv);
