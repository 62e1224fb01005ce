// The HTTP API as one hono app: the same for the local server and for API Gateway with Lambda. Owns how routes are
// found and how failures become problems; what a route does is the route's.
import { type Context, Hono } from "hono";
import type { Engine } from "../engine/index.ts";
import type { Api } from "./api.ts";
import { approvalRoutes } from "./approval-routes.ts";
import { callbackRoutes } from "./callback-routes.ts";
import { controlRoutes } from "./control-routes.ts";
import { journalRoutes } from "./journal-routes.ts";
import { metaRoutes } from "./meta-routes.ts";
import { HttpFault, problemOf, problemResponse } from "./problem.ts";
import { repairRoutes } from "./repair-routes.ts";
import type { Route } from "./route.ts";
import { runRoutes } from "./run-routes.ts";
import { scheduleRoutes } from "./schedule-routes.ts";
import { workflowRoutes } from "./workflow-routes.ts";

export interface ApiOptions {
  readonly engine: Engine;
  /** The host can send an answer piece by piece, so events may stream. @default false */
  readonly stream?: boolean;
  /** Longest pause between two looks at the store while a request waits, in ms. @default 1000 */
  readonly pollEveryMs?: number;
}

const routes: readonly Route[] = metaRoutes([
  ...workflowRoutes,
  ...runRoutes,
  ...controlRoutes,
  ...repairRoutes,
  ...journalRoutes,
  ...callbackRoutes,
  ...approvalRoutes,
  ...scheduleRoutes,
]);

/**
 * Makes the app.
 *
 * @example
 * const response = await createApi({ engine }).request("/health");
 */
export function createApi({ engine, stream = false, pollEveryMs = 1_000 }: ApiOptions): Hono {
  const api: Api = { engine, canStream: stream, pollEveryMs };
  const { log } = engine.ports;
  const app = new Hono();
  app.use(async (c, next) => {
    await next();
    c.header("cache-control", c.res.headers.get("cache-control") ?? "no-store");
    c.header("x-content-type-options", "nosniff");
  });
  for (const route of routes) {
    app.on(route.method, honoPath(route), async (c) => {
      try {
        checkAddress(c);
        return await route.answer(c, api);
      } catch (error) {
        const response = problemResponse(error, log, c.req.raw);
        return route.showFault?.(c.req.raw, problemOf(error)) ?? response;
      }
    });
  }
  for (const [path, methods] of methodsByPath()) {
    app.all(path, (c) => problemResponse(methodFault(c, methods), log, c.req.raw));
  }
  app.notFound((c) => problemResponse(notFound(c), log, c.req.raw));
  app.onError((error, c) => problemResponse(error, log, c.req.raw));
  return app;
}

function methodsByPath(): Map<string, readonly string[]> {
  const byPath = [...Map.groupBy(routes, honoPath)];
  return new Map(byPath.map(([path, group]) => [path, group.map(({ method }) => method)]));
}

function honoPath({ path }: Route): string {
  return path.replaceAll(/\{(\w+)\}/g, ":$1");
}

function methodFault(c: Context, methods: readonly string[]): HttpFault {
  const allowed = methods.flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method]));
  const what = `${c.req.path} does not take ${c.req.method}, only ${allowed.join(" and ")}.`;
  return new HttpFault(405, "E_NOT_FOUND", what, { allow: allowed.join(", ") });
}

function notFound(c: Context): HttpFault {
  return new HttpFault(404, "E_NOT_FOUND", `There is nothing at ${c.req.path}; see /openapi.json.`);
}

/** Hono leaves an address that does not decode as it is; nobody means such a name. */
function checkAddress(c: Context): void {
  try {
    decodeURIComponent(new URL(c.req.url).pathname);
  } catch {
    throw new HttpFault(400, "E_BAD_OPTION", "The address has a broken percent-encoding.");
  }
}
