// EventBridge as its protocol has it: a server of this file takes what is put, within the limits of the service, and refuses
// what it is told to. Which rules match is EventBridge's own affair; the cloud suite runs it.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createEventClient } from "../../lib/aws/clients.ts";
import { createEventBridgeEvents } from "../../lib/aws/eventbridge-events.ts";
import { anEvent, describeEvents } from "../conformance/events.ts";
import { emulatorAccess } from "./suites.ts";

interface Entry {
  readonly EventBusName: string;
  readonly Source: string;
  readonly DetailType: string;
  readonly Time: number;
  readonly Detail: string;
}

/** What EventBridge takes in one request. */
const MAX_ENTRIES = 10;
const MAX_BYTES = 256 * 1024;

let server: Server;
let requests: (readonly Entry[])[] = [];
/** Answers whether an entry is taken; `requests` counts the present one. */
let isTaken: (entry: Entry) => boolean = () => true;
let taken: Entry[] = [];

beforeAll(async () => {
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const { Entries: entries } = JSON.parse(await text(request)) as { Entries: Entry[] };
    requests.push(entries);
    const sizeBytes = entries.reduce((sum, entry) => sum + sizeOf(entry), 0);
    const isTooLarge = entries.length > MAX_ENTRIES || sizeBytes > MAX_BYTES;
    const results = entries.map((entry) => {
      if (isTooLarge || !isTaken(entry)) return { ErrorCode: "InternalFailure", ErrorMessage: "try again" };
      taken.push(entry);
      return { EventId: "e" };
    });
    const failed = results.filter((result) => "ErrorCode" in result).length;
    response.writeHead(200, { "content-type": "application/x-amz-json-1.1" });
    response.end(JSON.stringify({ FailedEntryCount: failed, Entries: results }));
  };
  server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(async () => await new Promise((resolve) => server.close(resolve)));
beforeEach(() => {
  [requests, taken] = [[], []];
  isTaken = () => true;
});

/** As the service counts: the time, and the texts in UTF-8. */
function sizeOf({ Source: source, DetailType: type, Detail: detail }: Entry): number {
  return 14 + Buffer.byteLength(source) + Buffer.byteLength(type) + Buffer.byteLength(detail);
}

function makeEvents() {
  const { port } = server.address() as AddressInfo;
  const client = createEventClient({ ...emulatorAccess, endpoint: `http://127.0.0.1:${port}` });
  return { client, events: createEventBridgeEvents({ client, bus: "arn:aws:events:::event-bus/orders" }) };
}

describeEvents("events on EventBridge", () => {
  const { client, events } = makeEvents();
  [requests, taken] = [[], []];
  return {
    events,
    taken: async () =>
      taken.map(({ Source: source, DetailType: type, Time: seconds, Detail: detail }) => {
        const { id, runId, workflow, data } = JSON.parse(detail);
        return { id, type, source, runId, workflow, at: seconds * 1000, detail: data };
      }),
    wait: async () => {},
    dispose: () => client.destroy(),
  };
});

describe("events on EventBridge", () => {
  it("go to the bus of the deployment", async () => {
    const { client, events } = makeEvents();
    await events.put([anEvent()]);
    expect(taken.map(({ EventBusName: bus }) => bus)).toEqual(["arn:aws:events:::event-bus/orders"]);
    client.destroy();
  });

  it("travel ten at a time at most", async () => {
    const { client, events } = makeEvents();
    await events.put(Array.from({ length: 23 }, () => anEvent()));
    expect(requests.map((entries) => entries.length)).toEqual([10, 10, 3]);
    client.destroy();
  });

  it("are not taken when one of them was refused, and can be put again", async () => {
    const { client, events } = makeEvents();
    const put = [anEvent(), anEvent({ type: "bad" }), anEvent()];
    isTaken = ({ DetailType: type }) => type !== "bad";
    await expect(events.put(put)).rejects.toThrow("1 refused), InternalFailure: try again");
    isTaken = () => true;
    await events.put(put);
    const ids = taken.map(({ Detail: detail }) => (JSON.parse(detail) as { id: string }).id);
    expect(new Set(ids)).toEqual(new Set(put.map(({ id }) => id)));
    client.destroy();
  });
});
