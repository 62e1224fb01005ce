// The Events port on EventBridge. What the author gave stands in `detail.data`, beside the id by which a listener drops
// doubles:
//
//   { source, detail-type: type, time, detail: { id, runId, workflow, data } }
import { type EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import type { Events, OutgoingEvent } from "../ports/events.ts";

export interface EventBridgeEventsOptions {
  readonly client: EventBridgeClient;
  /** Name or ARN. */
  readonly bus: string;
}

/** What one request takes. */
const MAX_ENTRIES = 10;
/** All entries of one request together; EventBridge takes 256 KB. */
const MAX_REQUEST_BYTES = 250 * 1024;
/** Of an entry, beside its texts: the time and what the service counts for it. */
const ENTRY_BYTES = 64;

export function createEventBridgeEvents({ client, bus }: EventBridgeEventsOptions): Events {
  return {
    async put(events) {
      for (const entries of batchesOf(events.map((event) => toEntry(event, bus)))) {
        const answer = await client.send(new PutEventsCommand({ Entries: [...entries] }));
        // The answer is a success also when entries were refused.
        if ((answer.FailedEntryCount ?? 0) === 0) continue;
        const [failed] = answer.Entries?.filter(({ ErrorCode }) => ErrorCode !== undefined) ?? [];
        const why = `${failed?.ErrorCode ?? "no code"}: ${failed?.ErrorMessage ?? "no message"}`;
        throw new Error(`the event bus took not all events (${answer.FailedEntryCount} refused), ${why}`);
      }
    },
  };
}

function toEntry({ id, type, source, runId, workflow, at, detail }: OutgoingEvent, bus: string) {
  return {
    EventBusName: bus,
    Source: source,
    DetailType: type,
    Time: new Date(at),
    Detail: JSON.stringify({ id, runId, workflow, data: detail }),
  };
}

type Entry = ReturnType<typeof toEntry>;

function* batchesOf(entries: readonly Entry[]): Iterable<readonly Entry[]> {
  let batch: Entry[] = [];
  let sizeBytes = 0;
  for (const entry of entries) {
    const entryBytes = ENTRY_BYTES + Buffer.byteLength(`${entry.Source}${entry.DetailType}${entry.Detail}`);
    if (batch.length === MAX_ENTRIES || (batch.length > 0 && sizeBytes + entryBytes > MAX_REQUEST_BYTES)) {
      yield batch;
      batch = [];
      sizeBytes = 0;
    }
    batch.push(entry);
    sizeBytes += entryBytes;
  }
  if (batch.length > 0) yield batch;
}
