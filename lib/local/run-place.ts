// A run's place in the list, newest first: time of creation, then id, because several runs may share an instant. The
// cursor of a page is the place of its last run, so a run that starts meanwhile does not shift the pages after it.
import { PerdureError } from "../sdk/errors.ts";

export interface RunPlace {
  readonly createdAt: number;
  readonly runId: string;
}

/** Negative when `a` comes before `b` in the list. */
export function comparePlaces(a: RunPlace, b: RunPlace): number {
  if (a.createdAt !== b.createdAt) return b.createdAt - a.createdAt;
  if (a.runId === b.runId) return 0;
  return a.runId > b.runId ? -1 : 1;
}

export function writeCursor({ createdAt, runId }: RunPlace): string {
  return Buffer.from(JSON.stringify([createdAt, runId])).toString("base64url");
}

/** @throws E_INVALID_INPUT on anything that `writeCursor` did not make */
export function readCursor(cursor: string): RunPlace {
  const parsed = parse(Buffer.from(cursor, "base64url").toString());
  if (Array.isArray(parsed) && parsed.length === 2) {
    const [createdAt, runId]: unknown[] = parsed;
    if (typeof createdAt === "number" && typeof runId === "string") return { createdAt, runId };
  }
  throw new PerdureError(
    "E_INVALID_INPUT",
    `The cursor ${JSON.stringify(cursor)} is not one that a list gave.`,
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Cuts a page from runs in list order, of which there is at least one more than the page when another page follows. */
export function cutPage<Place extends RunPlace>(
  runs: readonly Place[],
  limit: number,
): { runs: readonly Place[]; cursor?: string } {
  const page = runs.slice(0, limit);
  const last = page.at(-1);
  return last !== undefined && runs.length > limit
    ? { runs: page, cursor: writeCursor(last) }
    : { runs: page };
}
