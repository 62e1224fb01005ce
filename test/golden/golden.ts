// The golden set: workflows that every way of running the engine must bring to the same end. One file in workflows/ holds
// one of them, with its input, what is said to it from outside and what it must come to; a file put there is swept,
// crashed and run in every mode without being named anywhere.
//
// A golden workflow takes no notice of delays below half a minute: crashes and modes cost seconds, and its outcome stays.
// Its steps decide by their attempt, never by a variable outside, which a crash would keep.
import { globSync } from "node:fs";
import { basename, join } from "node:path";
import type { AnyWorkflow } from "perdure";
import type { ClosedStatus } from "../../lib/ports/run.ts";
import type { Transact } from "../../lib/testing/transacting-journal.ts";

export interface OutsideSignal {
  readonly name: string;
  readonly payload: unknown;
  /** The same message under the same key is the same message. */
  readonly key: string;
  /** Virtual time between the act before and this one. @default 1 s */
  readonly afterMs?: number;
}

/** Something else that is done to the run, after the signals. It is done again when the client dies in it. */
export interface OutsideAct {
  readonly act: "cancel" | "pause" | "resume" | "approve" | "complete";
  /** What a callback is completed with, or the name of who approves. */
  readonly payload?: unknown;
  /** Virtual time between the act before and this one. */
  readonly afterMs: number;
}

/** What the run ends as; of an error, its name and message. A matcher (`expect.any(Date)`) stands for what depends on time. */
export type Outcome =
  | { readonly status: "succeeded"; readonly value: unknown }
  | {
      readonly status: Exclude<ClosedStatus, "succeeded">;
      readonly error: { readonly name: string; readonly message: unknown };
    };

export interface Golden {
  readonly workflow: AnyWorkflow;
  readonly input?: unknown;
  /** Workflows of its children. */
  readonly others?: readonly AnyWorkflow[];
  readonly signals?: readonly OutsideSignal[];
  readonly acts?: readonly OutsideAct[];
  /** Where it lays the tokens and links that it hands out; the latest is used. */
  readonly desk?: string[];
  readonly outcome: Outcome;
  /** Types of the events that listeners hear, doubles dropped. */
  readonly events?: readonly string[];
  /** In place of the tables that `ctx.tx` writes to, or that the store has no transactions. */
  readonly transact?: Transact | "unsupported";
}

export interface NamedGolden extends Golden {
  readonly name: string;
}

/** Every golden workflow, by the name of its file. */
export async function loadGoldens(): Promise<readonly NamedGolden[]> {
  const folder = join(import.meta.dirname, "workflows");
  const files = globSync("*.ts", { cwd: folder }).toSorted();
  return await Promise.all(
    files.map(async (file) => {
      const { golden } = (await import(join(folder, file))) as { readonly golden?: Golden };
      if (golden === undefined) throw new Error(`test/golden/workflows/${file} exports no "golden"`);
      return { ...golden, name: basename(file, ".ts") };
    }),
  );
}
