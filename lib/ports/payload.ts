// A value as it lies in the store: text of the codec, as it is, compressed, or elsewhere.

/** `json` is plain JSON; `devalue` also carries Date, Map, Set, BigInt, Uint8Array, Error, undefined and cycles. */
export type Encoding = "json" | "devalue";

export type Payload =
  | { readonly encoding: Encoding; readonly text: string }
  | { readonly encoding: Encoding; readonly gzip: Uint8Array }
  /** `sizeBytes` of the text; the blob is gzip. */
  | { readonly encoding: Encoding; readonly blob: string; readonly sizeBytes: number };

/** What people may read of an error without decoding it, and the error itself. */
export interface Failure {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  /** First line of the stack that says where: function, file and line. */
  readonly where?: string;
  readonly error: Payload;
}
