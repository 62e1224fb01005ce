// perdure dev: the local server in this process, until it is told to stop.
import { relative } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { consoleLog } from "../local/console-log.ts";
import { type RunningServer, startServer } from "../local/server.ts";
import { isReserved } from "../sdk/names.ts";

interface DevOptions {
  readonly port: number;
  readonly data: string;
  readonly publicUrl?: string;
}

export function devCommand(): Command {
  return new Command("dev")
    .description("run workflows on this machine: API, start page, workers, one data file")
    .argument("[files...]", "files or patterns that export workflows", ["examples/*/workflow.ts"])
    .addOption(
      new Option("-p, --port <number>", "port on 127.0.0.1").env("PORT").default(4700).argParser(readPort),
    )
    .option("-d, --data <file>", "SQLite file with all runs", ".perdure/perdure.db")
    .option("--public-url <url>", "where people reach this server: what links to approvals begin with")
    .action(dev);
}

async function dev(files: readonly string[], { port, data, publicUrl }: DevOptions): Promise<void> {
  const log = consoleLog();
  // A branch of a workflow that fails while nobody awaits it is the workflow's affair, not the server's end.
  process.on("unhandledRejection", (reason) => {
    log.error("a promise was rejected and nobody listened", { error: String(reason) });
  });
  const server = await startServer({
    workflows: files,
    port,
    dataFile: data,
    log,
    ...(publicUrl === undefined ? {} : { publicUrl }),
  });
  const stop = () => void server.stop().finally(() => process.exit(0));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, stop);
  console.log(describe(server));
}

function describe({ url, registry, dataFile }: RunningServer): string {
  const names = [...registry.keys()].filter((name) => !isReserved(name));
  return `Perdure is ready at ${url}
  workflows  ${names.join(", ")}
  data       ${relative(process.cwd(), dataFile)}
  look       open ${url}
  API        ${url}/openapi.json
  stop       Ctrl-C; runs go on at the next start`;
}

function readPort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError("A port is a whole number from 0 to 65535.");
}
