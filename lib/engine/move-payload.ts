// A blob lives as long as the run it belongs to: a value that goes to another run takes a copy of its blob along.
import type { Payload } from "../ports/payload.ts";
import type { Engine } from "./engine.ts";

export async function movePayload({ ports }: Engine, runId: string, payload: Payload): Promise<Payload> {
  if (!("blob" in payload)) return payload;
  return { ...payload, blob: await ports.blobs.put(runId, await ports.blobs.get(payload.blob)) };
}
