#!/usr/bin/env node
// Entry of the command line; all of it is in lib/cli, which needs a Node that can read it.
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `perdure needs Node 22.18 or newer, and this is ${process.versions.node}. Install a newer Node.`,
  );
  process.exit(1);
}
const { runCli } = await import("../lib/cli/program.ts");
await runCli(process.argv);
