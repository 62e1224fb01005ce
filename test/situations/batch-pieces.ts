// Pieces of work for `ctx.parallel` and `ctx.map`, and what became of them in short.
import type { Batch, BatchOptions } from "../../lib/sdk/batch.ts";
import type { Context } from "../../lib/sdk/context.ts";
import { BatchError } from "../../lib/sdk/errors.ts";
import type { Situation, Stage } from "./situation.ts";

export type Piece = (ctx: Context) => Promise<unknown>;
/** Named "all", so that its pieces are `all/0/`, `all/1/`, … */
export type RunPieces = (ctx: Context, pieces: readonly Piece[], options?: BatchOptions) => Promise<unknown>;

export class Bad extends Error {
  override readonly name = "Bad";
  readonly piece: number;

  constructor(piece: number) {
    super(`piece ${piece} is bad`);
    this.piece = piece;
  }
}

export const once = { retry: { maxAttempts: 1 } } as const;

const STATUS = { succeeded: "+", failed: "-", cancelled: "x", "not-started": "." } as const;

/** `+` succeeded, `-` failed, `x` cancelled, `.` not started. */
export function outline(batch: Batch<unknown>): string {
  return `${batch.items.map(({ status }) => STATUS[status]).join("")} ${batch.completion}`;
}

/** A batch, or that of the error, in short. */
export async function outlined(given: Promise<unknown>): Promise<string> {
  try {
    return outline((await given) as Batch<unknown>);
  } catch (error) {
    if (!(error instanceof BatchError)) throw error;
    return `thrown: ${outline(error.batch)}`;
  }
}

/** Pieces of one step each that fail where there is a `-`. */
export function stepsOf(pattern: string, stage: Stage): Piece[] {
  return pattern.split("").map(
    (mark, i) => (ctx) =>
      ctx.step(
        "s",
        () => {
          stage.ran(`piece ${i}`);
          if (mark === "-") throw new Bad(i);
          return i;
        },
        once,
      ),
  );
}

/** Pieces that record nothing. */
export function plainOf(pattern: string): Piece[] {
  return pattern.split("").map((mark, i) => async () => {
    if (mark === "-") throw new Bad(i);
    return i;
  });
}

export const ranPieces = (...pieces: number[]) => Object.fromEntries(pieces.map((i) => [`piece ${i}`, 1]));

/** Which pieces begin, and what they come to, one after the other. */
/** A situation that is played with both. */
export type BatchSituation = Omit<Situation, "code"> & {
  readonly code: (run: RunPieces, ctx: Context, stage: Stage) => Promise<unknown>;
};
