// The local server's ear: HTTP on the loopback address only, and only for requests that name it. A page of another site
// can make a browser send requests here; the Host check ends those that come by a name the site made up for this
// address (DNS rebinding), the API's demand for JSON ends the rest, and no answer ever allows another origin.
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { HttpFault, problemResponse } from "../api/index.ts";
import type { Log } from "../ports/log.ts";
import { StartError } from "./start-error.ts";
import { startPage } from "./start-page.ts";

const LOOPBACK = "127.0.0.1";
/** A connection that is closed while a request is on its way fails that request; Node's five seconds meet busy clients. */
const KEEP_ALIVE_MS = 60_000;
const OWN_HOST = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d{1,5})?$/i;

export interface ListenOptions {
  readonly port: number;
  readonly log: Log;
  readonly api: { fetch(request: Request): Response | Promise<Response> };
}

export interface Listening {
  readonly url: string;
  /** Ends every connection, waiting requests included. */
  close(): void;
}

/** @throws StartError when the port is taken */
export async function listen({ port, log, api }: ListenOptions): Promise<Listening> {
  const answer = (request: Request) => {
    const refusal = refuseForeignHost(request);
    if (refusal !== undefined) return problemResponse(refusal, log, request);
    return isStartPage(request) ? startPage() : api.fetch(request);
  };
  const server = createAdaptorServer({ fetch: answer, serverOptions: { keepAliveTimeout: KEEP_ALIVE_MS } });
  server.listen(port, LOOPBACK);
  try {
    await once(server, "listening");
  } catch (error) {
    if (Reflect.get(Object(error), "code") !== "EADDRINUSE") throw error;
    throw new StartError(
      `Port ${port} is taken, perhaps by another Perdure server. Stop what listens there, or choose another: --port ${port + 1}`,
    );
  }
  const address = server.address() as AddressInfo;
  return {
    url: `http://${LOOPBACK}:${address.port}`,
    close: () => {
      server.close();
      if ("closeAllConnections" in server) server.closeAllConnections();
    },
  };
}

function refuseForeignHost(request: Request): HttpFault | undefined {
  const host = request.headers.get("host") ?? "";
  if (OWN_HOST.test(host)) return undefined;
  return new HttpFault(
    421,
    "E_NOT_FOUND",
    `This server is ${LOOPBACK} or localhost, not ${JSON.stringify(host)}.`,
  );
}

function isStartPage({ method, url }: Request): boolean {
  return (method === "GET" || method === "HEAD") && new URL(url).pathname === "/";
}
