// Stands between the deployed functions and the emulator's services, and makes them as bad as a bad day of AWS: it
// throttles, fails, cuts connections before a request is heard, and cuts them after it was carried out. A seed decides
// which request suffers. Speaks enough of each protocol that the SDK takes an error for what it is.
import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Chance } from "../../simulation/chance.ts";

export const FAULTS = ["throttle", "error", "reset", "lost answer"] as const;
export type Fault = (typeof FAULTS)[number];
type Service = "dynamodb" | "sqs" | "s3";

export interface FaultProxy {
  /** Where it listens, without a slash at the end. */
  readonly origin: string;
  /** Faults so far, by kind and by service. */
  readonly counts: Readonly<Record<Fault, number>>;
  readonly services: Readonly<Record<Service, number>>;
  stop(): Promise<void>;
}

/** Of the requests to a service, for each kind of fault. There are few to S3. */
const RATES: Readonly<Record<Service, number>> = { dynamodb: 0.06, sqs: 0.06, s3: 0.15 };

const JSON_FAULTS = {
  dynamodb: {
    throttle: ["ProvisionedThroughputExceededException", "ThrottlingException"],
    prefix: "com.amazonaws.dynamodb.v20120810#",
  },
  sqs: { throttle: ["RequestThrottled"], prefix: "com.amazonaws.sqs#" },
} as const;

export async function startFaultProxy(endpoint: string, seed: number): Promise<FaultProxy> {
  const target = new URL(endpoint);
  const chance = new Chance(seed, "faults");
  const counts: Record<Fault, number> = { throttle: 0, error: 0, reset: 0, "lost answer": 0 };
  const services: Record<Service, number> = { dynamodb: 0, sqs: 0, s3: 0 };
  const server = createServer((asked, answer) => {
    const service = serviceOf(asked);
    const fault = service === undefined ? undefined : FAULTS.find(() => chance.happens(RATES[service]));
    if (service !== undefined && fault !== undefined) {
      counts[fault] += 1;
      services[service] += 1;
    }
    handle(asked, answer, { target, origin, service, fault, chance }).catch(() => asked.socket.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // The name that the emulator gives itself, so that nothing but the port is another.
  const origin = `http://${target.hostname}:${(server.address() as AddressInfo).port}`;
  const stop = async () => {
    server.close();
    server.closeAllConnections();
    if (server.listening) await once(server, "close");
  };
  return { origin, counts, services, stop };
}

/** What a request is signed for; nothing when it is left alone. */
function serviceOf({ headers }: IncomingMessage): Service | undefined {
  const scope = /Credential=[^/]+\/\d+\/[^/]+\/([^/]+)\//.exec(headers.authorization ?? "")?.[1] ?? "";
  return Object.hasOwn(RATES, scope) ? (scope as Service) : undefined;
}

interface Handling {
  readonly target: URL;
  readonly origin: string;
  readonly service: Service | undefined;
  readonly fault: Fault | undefined;
  readonly chance: Chance;
}

async function handle(asked: IncomingMessage, answer: ServerResponse, handling: Handling): Promise<void> {
  const { target, origin, service, fault, chance } = handling;
  const body = await contentOf(asked);
  if (fault === "reset") return void asked.socket.resetAndDestroy();
  if (service !== undefined && (fault === "throttle" || fault === "error"))
    return service === "s3" ? failAsS3(answer, fault) : failAsJson(answer, service, fault, chance);
  // The emulator knows its queues by its own address.
  const sent = service === "sqs" ? Buffer.from(body.toString().replaceAll(origin, target.origin)) : body;
  const { "content-length": _, "transfer-encoding": __, ...headers } = asked.headers;
  const forwarded = request({
    hostname: target.hostname,
    port: target.port,
    method: asked.method,
    path: asked.url,
    headers: { ...headers, host: target.host, "content-length": sent.byteLength },
  });
  forwarded.end(sent);
  const [answered] = (await once(forwarded, "response")) as [IncomingMessage];
  const content = await contentOf(answered);
  if (fault === "lost answer") return void asked.socket.resetAndDestroy();
  const { connection: ___, "transfer-encoding": ____, ...answeredHeaders } = answered.headers;
  answer.writeHead(answered.statusCode ?? 502, {
    ...answeredHeaders,
    ...(asked.method === "HEAD" ? {} : { "content-length": content.byteLength }),
  });
  answer.end(content);
}

async function contentOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function failAsJson(
  answer: ServerResponse,
  service: keyof typeof JSON_FAULTS,
  fault: "throttle" | "error",
  chance: Chance,
): void {
  const { throttle, prefix } = JSON_FAULTS[service];
  const name = fault === "error" ? "InternalServerError" : chance.pick<string>(throttle);
  answer.writeHead(fault === "error" ? 500 : 400, { "content-type": "application/x-amz-json-1.0" });
  answer.end(JSON.stringify({ __type: prefix + name, message: "on purpose" }));
}

function failAsS3(answer: ServerResponse, fault: "throttle" | "error"): void {
  const code = fault === "error" ? "InternalError" : "SlowDown";
  answer.writeHead(fault === "error" ? 500 : 503, { "content-type": "application/xml" });
  answer.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>on purpose</Message></Error>`);
}
