// The local server inside a test: its own SQLite file in a temporary folder, any free port.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { silentLog } from "../lib/local/console-log.ts";
import { startServer } from "../lib/local/server.ts";

const HOPELESS = ["failed", "stalled", "timed_out", "succeeded"];

export interface LocalServer {
  readonly url: string;
  request(
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Response>;
  /** @throws on any answer that is not a success */
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body: unknown): Promise<T>;
  /** Asks until the answer is as wanted; every ask waits at the server, so nothing here depends on speed. */
  until<T>(path: string, isReached: (answer: T) => boolean): Promise<T>;
  stop(): Promise<void>;
}

export async function startLocalServer(workflows: readonly string[]): Promise<LocalServer> {
  const folder = mkdtempSync(join(tmpdir(), "perdure-test-"));
  const root = fileURLToPath(new URL("..", import.meta.url));
  const server = await startServer({
    workflows,
    folder: root,
    port: 0,
    dataFile: join(folder, "data.db"),
    log: silentLog,
  });
  const request: LocalServer["request"] = async (method, path, body, headers = {}) =>
    await fetch(server.url + path, {
      method,
      headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const json = async <T>(response: Response): Promise<T> => {
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  };
  return {
    url: server.url,
    request,
    get: async <T>(path: string) => await json<T>(await request("GET", path)),
    post: async <T>(path: string, body: unknown) => await json<T>(await request("POST", path, body)),
    until: async <T>(path: string, isReached: (answer: T) => boolean) => {
      for (;;) {
        const answer = await json<T>(await request("GET", path));
        if (isReached(answer)) return answer;
        const { status } = answer as { status?: string };
        if (status !== undefined && HOPELESS.includes(status))
          throw new Error(`the run is ${JSON.stringify(answer)}`);
      }
    },
    stop: async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
