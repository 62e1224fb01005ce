// The deployed API, called with signed requests as any client in the account would.
import { Sha256 } from "@aws-crypto/sha256-js";
import { SignatureV4 } from "@smithy/signature-v4";
import * as v from "valibot";
import { RunDetail } from "../../lib/api/answers.ts";
import { isClosed } from "../../lib/ports/run.ts";
import { CREDENTIALS, REGION } from "./account.ts";
import { until } from "./until.ts";

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export class Api {
  /** Without a slash at its end. */
  readonly baseUrl: string;
  readonly #signer = new SignatureV4({
    service: "execute-api",
    region: REGION,
    credentials: CREDENTIALS,
    sha256: Sha256,
  });

  constructor(baseUrl: string) {
    this.baseUrl = baseUrl;
  }

  async get(path: string): Promise<Answer> {
    return await this.#send("GET", path, undefined, {});
  }

  async post(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return await this.#send("POST", path, body, headers);
  }

  async delete(path: string): Promise<Answer> {
    return await this.#send("DELETE", path, undefined, {});
  }

  /** Without a signature. */
  async unsigned(method: string, path: string, body?: unknown): Promise<Answer> {
    const json = { headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
    return await answerOf(await fetch(`${this.baseUrl}${path}`, { method, ...(body !== undefined && json) }));
  }

  /** Starts a run and answers with its id. */
  async start(workflow: string, input: unknown, more: { readonly startAt?: string } = {}): Promise<string> {
    const { status, body } = await this.post(`/workflows/${workflow}/runs`, { input, ...more });
    if (status !== 201) throw new Error(`${workflow} did not start: ${status} ${JSON.stringify(body)}`);
    return v.parse(v.object({ runId: v.string() }), body).runId;
  }

  async run(runId: string, wait = ""): Promise<RunDetail> {
    const { status, body } = await this.get(`/runs/${runId}${wait}`);
    if (status !== 200) throw new Error(`run ${runId}: ${status} ${JSON.stringify(body)}`);
    return v.parse(RunDetail, body);
  }

  /** The run when it is closed or stalled. */
  async ended(runId: string, withinMs = 240_000): Promise<RunDetail> {
    return await until({ what: `run ${runId} to end`, withinMs }, async () => {
      const run = await this.run(runId, "?wait=10s");
      return (isClosed(run.status) || run.status === "stalled") && run;
    });
  }

  /** The run when it waits. */
  async suspended(runId: string, kind?: RunDetail["waits"][number]["kind"]): Promise<RunDetail> {
    return await until({ what: `run ${runId} to wait`, withinMs: 120_000 }, async () => {
      const run = await this.run(runId);
      const isWaiting =
        run.status === "suspended" && (kind === undefined || run.waits.some((w) => w.kind === kind));
      return isWaiting && run;
    });
  }

  async #send(
    method: string,
    path: string,
    body: unknown,
    headers: Readonly<Record<string, string>>,
  ): Promise<Answer> {
    const url = new URL(`${this.baseUrl}${path}`);
    const text = body === undefined ? undefined : JSON.stringify(body);
    const signed = await this.#signer.sign({
      method,
      protocol: url.protocol,
      hostname: url.hostname,
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      headers: {
        host: url.host,
        ...headers,
        ...(text !== undefined && { "content-type": "application/json" }),
      },
      ...(text !== undefined && { body: text }),
    });
    const { host: _, ...sent } = signed.headers;
    return await answerOf(
      await fetch(url, { method, headers: sent, ...(text !== undefined && { body: text }) }),
    );
  }
}

async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  try {
    return { status: response.status, body: JSON.parse(text) };
  } catch {
    return { status: response.status, body: text };
  }
}
