// The sweeper's function, called on a schedule: wakes what is overdue (W4), then deletes runs whose time is over.
import type { ScheduledHandler } from "aws-lambda";
import { createBlobRemoval } from "../aws/blob-removal.ts";
import { createBlobClient, createTableClient } from "../aws/clients.ts";
import { createRetention } from "../aws/retention.ts";
import { sweep } from "../engine/index.ts";
import { assemble, type FunctionOptions } from "./assemble.ts";
import { readEnvironment } from "./environment.ts";

/** Runs deleted by one call: a bound for its time; the next call goes on. */
const MAX_RUNS_PER_PURGE = 200;

/** Handler of the Lambda that an EventBridge rule calls every minute or few. It runs no workflow code and needs none. */
export function createSweeper(options: Partial<FunctionOptions> = {}): ScheduledHandler {
  const environment = options.environment ?? readEnvironment();
  const engine = assemble({ workflows: [], ...options, environment });
  const retention = createRetention({
    client: createTableClient(),
    tableName: environment.table,
    removeBlobs: createBlobRemoval({ client: createBlobClient(), bucket: environment.bucket }),
  });
  const { clock, log } = engine.ports;
  return async () => {
    const report = await sweep(engine);
    const purged = await retention.purge(clock.now(), MAX_RUNS_PER_PURGE);
    log.info("swept", { ...report, purged: purged.length });
  };
}
