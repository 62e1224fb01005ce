// What lies in the store and cannot be read: damaged, edited by hand, or written by a newer version of Perdure. Never
// guessed at: the run stalls and names the item, or the request is answered with it, and nothing is written over it.
// Says which item and what is wrong with it, never what it holds: that may be a secret.
import { type ErrorCode, PerdureError } from "../sdk/errors.ts";

/** `E_NEWER_FORMAT` when it looks whole and only has a kind that this version does not know. */
export type UnreadableCode = Extract<ErrorCode, "E_CORRUPT" | "E_NEWER_FORMAT">;

export class UnreadableError extends PerdureError {
  declare readonly code: UnreadableCode;
  /** Without code and advice. */
  readonly what: string;

  constructor(code: UnreadableCode, what: string, options?: ErrorOptions) {
    super(code, what, options);
    this.what = what;
  }
}

/** Does `read`, and says of what it cannot read where that lies. */
export async function placeUnreadable<Value>(place: string, read: () => Promise<Value>): Promise<Value> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    throw new UnreadableError(error.code, `${place}: ${error.what}`, { cause: error });
  }
}
