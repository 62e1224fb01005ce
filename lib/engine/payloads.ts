// Values to payloads and back: encoded, compressed when that pays, and stored elsewhere when large. A blob
// is written before the entry that points to it, so no entry ever points to nothing.
import { gunzipSync, gzipSync } from "node:zlib";
import { COMPRESS_ABOVE_BYTES, MAX_VALUE_BYTES } from "../limits.ts";
import type { Blobs } from "../ports/blobs.ts";
import type { Failure, Payload } from "../ports/payload.ts";
import { PerdureError } from "../sdk/errors.ts";
import { decode, type Encoded, encode } from "./codec.ts";
import { cut } from "./cut.ts";
import type { Engine } from "./engine.ts";
import { asText, isError, namesOf, readField } from "./error-record.ts";
import { UnreadableError } from "./unreadable.ts";

/** Of a line of a stack. */
const MAX_WHERE_CHARS = 300;

/** @throws E_NOT_SERIALIZABLE, E_TOO_LARGE */
export async function pack(value: unknown, runId: string, engine: Engine): Promise<Payload> {
  return await packEncoded(encode(value), runId, engine);
}

/** `pack` for what is text already. */
export async function packEncoded(
  { encoding, text }: Encoded,
  runId: string,
  { ports, settings }: Engine,
): Promise<Payload> {
  const sizeBytes = Buffer.byteLength(text);
  const { offloadAboveBytes } = settings;
  if (sizeBytes <= Math.min(COMPRESS_ABOVE_BYTES, offloadAboveBytes)) return { encoding, text };
  // Synchronous: quicker than the thread pool for what is usual, and a run's course depends on nothing but its ports.
  const bytes = gzipSync(text);
  if (Math.min(bytes.byteLength, sizeBytes) > offloadAboveBytes)
    return { encoding, blob: await ports.blobs.put(runId, bytes), sizeBytes };
  return bytes.byteLength < sizeBytes ? { encoding, gzip: new Uint8Array(bytes) } : { encoding, text };
}

/** @throws E_CORRUPT when that is not what `pack` made; other errors are of the blob store */
export async function unpack(payload: Payload, blobs: Blobs): Promise<unknown> {
  if ("text" in payload) return readText(payload);
  const bytes = "gzip" in payload ? payload.gzip : await blobs.get(payload.blob);
  return readText({ encoding: payload.encoding, text: expand(bytes) });
}

/** Bounded, because a few bytes can ask for gigabytes. */
function expand(bytes: Uint8Array): string {
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_VALUE_BYTES }).toString("utf8");
  } catch (cause) {
    throw new UnreadableError("E_CORRUPT", "the value cannot be decompressed.", { cause });
  }
}

/** The reason is not told: it would quote the value. */
function readText(encoded: Encoded): unknown {
  try {
    return decode(encoded);
  } catch (cause) {
    throw new UnreadableError("E_CORRUPT", `the value is not text of the encoding "${encoded.encoding}".`, {
      cause,
    });
  }
}

/** Anything that was thrown, as a record that people can read and `unpack(failure.error)` can throw again. */
export async function packFailure(thrown: unknown, runId: string, engine: Engine): Promise<Failure> {
  return { ...describeThrown(thrown), error: await packThrown(thrown, runId, engine) };
}

/** What people are told of it. */
export function describeThrown(thrown: unknown): Omit<Failure, "error"> {
  if (!isError(thrown)) return { name: "NonError", message: asText(thrown) };
  const code = readField(thrown, "code");
  return {
    name: namesOf(thrown).name,
    message: asText(readField(thrown, "message")),
    ...(typeof code === "string" ? { code: asText(code) } : {}),
    ...whereOf(thrown),
  };
}

function whereOf(error: Error): Pick<Failure, "where"> {
  const frame = /^\s+at (.+)$/m.exec(asText(readField(error, "stack") ?? ""))?.[1];
  // Without the query by which a reloaded module is told from the one before.
  return frame === undefined
    ? {}
    : {
        where: cut(frame.replace(/\?[^:)]*/, ""), MAX_WHERE_CHARS),
      };
}

/** What cannot be recorded as it is becomes an error that says what it was. */
async function packThrown(thrown: unknown, runId: string, engine: Engine): Promise<Payload> {
  try {
    return await pack(thrown, runId, engine);
  } catch (error) {
    if (!(error instanceof PerdureError)) throw error;
    return await pack(new Error(asText(thrown)), runId, engine);
  }
}

/** Bytes a payload takes in the store, roughly: what splitting into checkpoints goes by. */
export function payloadBytes(payload: Payload): number {
  if ("text" in payload) return Buffer.byteLength(payload.text);
  return "gzip" in payload ? payload.gzip.byteLength : payload.blob.length;
}
