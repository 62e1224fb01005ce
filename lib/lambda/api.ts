// The API's function, behind an HTTP API: the one hono app of lib/api in Lambda's clothes.
import { Hono } from "hono";
import { handle, type LambdaEvent } from "hono/aws-lambda";
import { createApi as createApp, pathForLog } from "../api/index.ts";
import type { Log } from "../ports/log.ts";
import { assemble, type FunctionOptions } from "./assemble.ts";

/**
 * Handler of the Lambda that serves the API. It needs the workflows for their schemas; it runs none.
 *
 * @example
 * export const handler = createApi({ workflows: [order] });
 * @throws E_BAD_OPTION, E_DUPLICATE_WORKFLOW when the function cannot work as it is deployed
 */
export function createApi(options: FunctionOptions): ReturnType<typeof handle> {
  const engine = assemble(options);
  return handle(withRequestLog(createApp({ engine }), engine.ports.log));
}

/** A line for each request. The access log has no paths, because they may hold tokens; these have them without. */
export function withRequestLog(app: Hono, log: Log): Hono<{ Bindings: { event?: LambdaEvent } }> {
  const logging = new Hono<{ Bindings: { event?: LambdaEvent } }>();
  logging.use(async (c, next) => {
    await next();
    const { method, url } = c.req.raw;
    const context = c.env?.event?.requestContext;
    // As in the access log.
    const apiRequestId = context !== undefined && "requestId" in context ? context.requestId : undefined;
    log.info("request", { method, path: pathForLog(url), status: c.res.status, apiRequestId });
  });
  logging.mount("/", app.fetch);
  return logging;
}
