// `npm run fuzz -- [--seed S] [--examples N]`: schemathesis makes requests from the server's own OpenAPI document, good
// and bad ones, follows its links from one answer to the next request, and checks each answer against the document: no
// 5xx, the status and content type documented, the body of its schema, bad data refused. Ends with 1 when it finds a fault.
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { parseArgs } from "node:util";
import { cacheFolder } from "../cloud/folders.ts";
import { pythonProgram } from "../cloud/python.ts";
import { startLocalServer } from "../local-server.ts";

const DEFAULT_EXAMPLES = 60;
const { values } = parseArgs({ options: { seed: { type: "string" }, examples: { type: "string" } } });
const seed = values.seed ?? String(Math.floor(Date.now() / 1_000));
const examples = values.examples ?? String(DEFAULT_EXAMPLES);
for (const [option, text] of Object.entries({ seed, examples })) {
  if (/^\d{1,12}$/.test(text)) continue;
  process.stderr.write(`--${option} is "${text}"; it must be a whole number.\n`);
  process.exit(2);
}

const program = await pythonProgram("schemathesis", path.join(import.meta.dirname, "requirements.txt"));
const server = await startLocalServer([path.join(import.meta.dirname, "workflows.ts")]);
try {
  process.stdout.write(`seed ${seed}, ${examples} examples for each operation\n`);
  // Runs of every status to be found by their ids.
  for (const workflow of ["approve", "astray", "exotic", "fail", "patient"])
    await server.post(`/workflows/${workflow}/runs`, { runId: `fuzz-${workflow}` });
  const config = path.join(import.meta.dirname, "schemathesis.toml");
  const child = spawn(program, ["--config-file", config, "run", `${server.url}/openapi.json`, ...options()], {
    stdio: "inherit",
    // What it writes down about a run lies in the cache, which git ignores.
    cwd: cacheFolder("fuzz"),
  });
  const [code] = await once(child, "exit");
  process.exitCode = Number(code ?? 1);
} finally {
  await server.stop();
}

function options(): string[] {
  return [
    ["--seed", seed],
    ["--max-examples", examples],
    ["--generation-database", "none"],
    // What no JSON Schema can say may be refused too: a workflow's own schema, a cursor that no list gave.
    ["--exclude-checks", "positive_data_acceptance"],
    ["--no-color"],
  ].flat();
}
