// Values to text and back, keeping their types. Plain JSON when JSON loses nothing, devalue otherwise;
// inspect-value.ts decides, and refuses what neither keeps.
// The workflow always gets what `decode` makes of the recorded text, on the first run too, so that both are the same
// value (J3).
import * as devalue from "devalue";
import { MAX_VALUE_BYTES } from "../limits.ts";
import type { Encoding } from "../ports/payload.ts";
import { PerdureError } from "../sdk/errors.ts";
import { asText, type ErrorRecord, isError, restoreError } from "./error-record.ts";
import { ErrorRecorder, RecordedError } from "./error-recorder.ts";
import { inspectValue, notSerializable } from "./inspect-value.ts";

export interface Encoded {
  readonly encoding: Encoding;
  readonly text: string;
}

/**
 * @throws E_NOT_SERIALIZABLE with the path of the culprit
 * @throws E_TOO_LARGE above 4 MiB of text
 */
export function encode(value: unknown): Encoded {
  const { encoding } = inspectValue(value);
  const text = write(encoding, value);
  const sizeBytes = Buffer.byteLength(text);
  if (sizeBytes > MAX_VALUE_BYTES) throw tooLarge(`${sizeBytes} bytes`);
  return { encoding, text };
}

/** @throws whatever the text makes the parsers throw */
export function decode({ encoding, text }: Encoded): unknown {
  if (encoding === "json") return JSON.parse(text);
  return devalue.parse(text, {
    Error: (record: ErrorRecord) => restoreError(record),
    Buffer: (bytes: Uint8Array<ArrayBuffer>) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  });
}

function write(encoding: Encoding, value: unknown): string {
  try {
    return encoding === "json" ? JSON.stringify(value) : devalue.stringify(value, reducers(), OPTIONS);
  } catch (error) {
    if (error instanceof devalue.DevalueError)
      throw notSerializable([error.path], `something else: ${error.message}`);
    // V8's word for a text of more than half a gigabyte.
    if (error instanceof RangeError && error.message === "Invalid string length")
      throw tooLarge("no text at all");
    throw notSerializable([], `something that cannot be read: ${asText(error)}`);
  }
}

// A Buffer is a Uint8Array to devalue, but it reads differently: `toString("base64")` of one is a list of numbers.
const REDUCERS = {
  Error: RecordedError.recordOf,
  Buffer: (candidate: unknown) => Buffer.isBuffer(candidate) && new Uint8Array(candidate),
};

/** Of one value: its errors share what may be recorded of errors in errors. */
function reducers() {
  const recorder = new ErrorRecorder(recordedBytes);
  return {
    ...REDUCERS,
    Error: (candidate: unknown) =>
      REDUCERS.Error(candidate) ?? (isError(candidate) && recorder.record(candidate)),
  };
}

const OPTIONS = {
  operations: {
    // Of a window into larger memory only what it shows: the rest is somebody else's.
    viewInfo: (view: NodeJS.ArrayBufferView & { readonly length?: number }) => {
      const { buffer, byteOffset, byteLength } = view;
      const isWhole = byteLength === buffer.byteLength;
      const shown = isWhole ? buffer : buffer.slice(byteOffset, byteOffset + byteLength);
      return { buffer: shown, byteOffset: 0, byteLength, length: byteLength, bufferByteLength: byteLength };
    },
  },
};

/** Of a field of an error, whose own errors are recorded already. */
function recordedBytes(value: unknown): number {
  return Buffer.byteLength(devalue.stringify(value, REDUCERS, OPTIONS));
}

function tooLarge(size: string): PerdureError {
  return new PerdureError("E_TOO_LARGE", `The value is ${size} as text, the most is ${MAX_VALUE_BYTES}.`);
}
