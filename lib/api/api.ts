// What every route is given.
import type { Engine } from "../engine/index.ts";

export interface Api {
  readonly engine: Engine;
  /** The host can send an answer piece by piece (SSE). */
  readonly canStream: boolean;
  /** Longest pause between two looks at the store while a request waits: each look is a billed read on AWS. */
  readonly pollEveryMs: number;
}
