// Log on Powertools: one line of JSON for each message, at the level that POWERTOOLS_LOG_LEVEL or Lambda's own says.
import { Logger } from "@aws-lambda-powertools/logger";
import type { Log } from "../ports/log.ts";

export function createLambdaLog(serviceName = "perdure"): Log {
  return logOn(new Logger({ serviceName }), {});
}

/** Fields travel with the message, not in the logger: invocations that share a process do not see each other's. */
function logOn(logger: Logger, always: Readonly<Record<string, unknown>>): Log {
  return {
    debug: (message, fields) => logger.debug(message, { ...always, ...fields }),
    info: (message, fields) => logger.info(message, { ...always, ...fields }),
    warn: (message, fields) => logger.warn(message, { ...always, ...fields }),
    error: (message, fields) => logger.error(message, { ...always, ...fields }),
    with: (fields) => logOn(logger, { ...always, ...fields }),
  };
}
