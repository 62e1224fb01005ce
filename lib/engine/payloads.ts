// Values to payloads and back: encoded, compressed when that pays, and stored elsewhere when large (DESIGN §6). A blob
// is written before the entry that points to it, so no entry ever points to nothing.
import { gunzipSync, gzipSync } from "node:zlib";
import { COMPRESS_ABOVE_BYTES, OFFLOAD_ABOVE_BYTES } from "../limits.ts";
import type { Blobs } from "../ports/blobs.ts";
import type { Failure, Payload } from "../ports/payload.ts";
import { PerdureError } from "../sdk/errors.ts";
import { decode, encode } from "./codec.ts";
import { asText } from "./error-record.ts";

/** Of a line of a stack. */
const MAX_WHERE_CHARS = 300;

/** @throws E_NOT_SERIALIZABLE, E_TOO_LARGE */
export async function pack(value: unknown, runId: string, blobs: Blobs): Promise<Payload> {
  const { encoding, text } = encode(value);
  const sizeBytes = Buffer.byteLength(text);
  if (sizeBytes <= COMPRESS_ABOVE_BYTES) return { encoding, text };
  // Synchronous: quicker than the thread pool for what is usual, and a run's course depends on nothing but its ports.
  const bytes = gzipSync(text);
  if (bytes.byteLength > OFFLOAD_ABOVE_BYTES)
    return { encoding, blob: await blobs.put(runId, bytes), sizeBytes };
  return bytes.byteLength < sizeBytes ? { encoding, gzip: new Uint8Array(bytes) } : { encoding, text };
}

export async function unpack(payload: Payload, blobs: Blobs): Promise<unknown> {
  if ("text" in payload) return decode(payload);
  const bytes = "gzip" in payload ? payload.gzip : await blobs.get(payload.blob);
  return decode({ encoding: payload.encoding, text: gunzipSync(bytes).toString("utf8") });
}

/** Anything that was thrown, as a record that people can read and `unpack(failure.error)` can throw again. */
export async function packFailure(thrown: unknown, runId: string, blobs: Blobs): Promise<Failure> {
  const error = await packThrown(thrown, runId, blobs);
  if (!(thrown instanceof Error)) return { name: "NonError", message: asText(thrown), error };
  const code = Reflect.get(thrown, "code");
  return {
    name: asText(thrown.name),
    message: asText(thrown.message),
    ...(typeof code === "string" ? { code } : {}),
    ...whereOf(thrown),
    error,
  };
}

function whereOf({ stack }: Error): Pick<Failure, "where"> {
  const frame = /^\s+at (.+)$/m.exec(asText(stack ?? ""))?.[1];
  // Without the query by which a reloaded module is told from the one before.
  return frame === undefined ? {} : { where: frame.replace(/\?[^:)]*/, "").slice(0, MAX_WHERE_CHARS) };
}

/** What cannot be recorded as it is becomes an error that says what it was. */
async function packThrown(thrown: unknown, runId: string, blobs: Blobs): Promise<Payload> {
  try {
    return await pack(thrown, runId, blobs);
  } catch (error) {
    if (!(error instanceof PerdureError)) throw error;
    return await pack(new Error(asText(thrown)), runId, blobs);
  }
}

/** Bytes a payload takes in the store, roughly: what splitting into checkpoints goes by. */
export function payloadBytes(payload: Payload): number {
  if ("text" in payload) return Buffer.byteLength(payload.text);
  return "gzip" in payload ? payload.gzip.byteLength : payload.blob.length;
}
