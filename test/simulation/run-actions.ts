// What people do to a whole run, whatever it is made of: ask for its end, end it, hold it and let it go again, or signal it and start it if need be. None of
// these is drawn as a node.
import {
  cancelRun,
  pauseRun,
  readState,
  resumeRun,
  signalWithStart,
  terminateRun,
} from "../../lib/engine/index.ts";
import type { Entry } from "../../lib/ports/journal.ts";
import { isClosed } from "../../lib/ports/run.ts";
import type { Chance } from "./chance.ts";
import type { Action, EndedRun, Outside } from "./primitive.ts";
import { judgeSignals, SIGNALS } from "./wait-primitives.ts";

const AT_MS = [0, 1, 300, 2_000, 10_000, 60_000, 700_000, 2_000_000, 50_000_000];
const SUMMONS_AT_MS = [0, 0, 0, 1, 1, 500, 3_000, 60_000, 2_000_000];
const HELD_FOR_MS = [1, 500, 5_000, 40_000, 700_000, 3_000_000];

/** Ends besides the one that the code comes to; also when no client was ever told that it was done. */
const cancelled = () => [{ status: "cancelled" }] as const;

export const cancel: Outside<never, Action> = {
  draw: (_, chance, run) => drawRarely("cancel", chance, run, 0.07),
  act: async (_, { runId, ask }) => {
    await ask(
      async (engine) => await cancelRun(engine, { runId, reason: "a simulated whim" }),
      "E_RUN_CLOSED",
    );
    return true;
  },
  mayEnd: cancelled,
  judge: judgeCancelled,
};

export const terminate: Outside<never, Action> = {
  draw: (_, chance, run) => drawRarely("terminate", chance, run, 0.04),
  act: async (_, { runId, ask, complain }) => {
    await ask(async (engine) => {
      const { status } = await terminateRun(engine, { runId });
      if (!isClosed(status)) complain(`terminated and ${status}`);
    }, "E_RUN_CLOSED");
    return true;
  },
  mayEnd: cancelled,
};

interface Pause extends Action {
  readonly lastsMs: number;
}

/** One at a time of each run: of two, one would let go what the other holds. */
export const pause: Outside<never, Pause> = {
  draw: (_, chance, run) =>
    drawRarely("pause", chance, run, 0.1).map((action) => ({
      ...action,
      lastsMs: chance.pick(HELD_FOR_MS),
    })),
  act: async ({ lastsMs }, { runId, ask, hold, sleep }) => {
    hold("asked");
    const isHeld = await ask(
      async (engine) => await pauseRun(engine, runId),
      "E_RUN_CLOSED",
      "E_RUN_STALLED",
    );
    if (isHeld) {
      hold("held");
      await sleep(lastsMs);
      hold("asked");
      // It may have ended, or stalled, or an earlier try of ours was applied.
      await ask(async (engine) => await resumeRun(engine, runId), "E_RUN_NOT_PAUSED");
    }
    hold("over");
    return isHeld;
  },
};

export interface Summons extends Action {
  readonly by: "summon";
  readonly name: string;
  readonly payload: unknown;
  readonly idempotencyKey: string;
  /** When somebody starts the run without a word, ms: there is one start of it either way. */
  readonly startMs: number;
}

/** A signal for a run that is started if it is not there yet. That the run is one, and got the signal, the other rules say. */
export const summon: Outside<never, Summons> = {
  draw: (_, chance, run) => {
    const summons = chance.happens(0.25) ? chance.int(1, 3) : 0;
    return Array.from({ length: summons }, (_each, i) => ({
      by: "summon",
      run,
      atMs: chance.pick(SUMMONS_AT_MS),
      name: chance.pick(SIGNALS),
      payload: { run, summons: i },
      idempotencyKey: `summons ${i}`,
      startMs: chance.pick(SUMMONS_AT_MS),
    }));
  },
  act: async ({ name, payload, idempotencyKey }, { runId, ask, start }) =>
    await ask(
      async (engine) => await signalWithStart(engine, { ...start, runId, name, payload, idempotencyKey }),
      "E_RUN_CLOSED",
    ),
  judge: judgeSignals,
};

export function isSummons(action: Action): action is Summons {
  return action.by === "summon";
}

/** Somebody reads what the run has published, several times; what he may see, outgoing-rules.ts says. */
export const look: Outside<never, Action> = {
  draw: (_, chance, run) => {
    const looks = chance.happens(0.3) ? chance.int(2, 6) : 0;
    return Array.from({ length: looks }, () => ({
      by: "look",
      run,
      atMs: chance.pick(AT_MS) + chance.int(0, 3_000),
    }));
  },
  act: async (_, { runId, ask }) => await ask(async (engine) => await readState(engine, runId)),
};

function drawRarely(by: string, chance: Chance, run: number, probability: number): readonly Action[] {
  if (!chance.happens(probability)) return [];
  return [{ by, run, atMs: chance.pick(AT_MS) + chance.int(0, 3_000) }];
}

/** A cancelled run says who asked; one whose code heard of it has been told once, and does not fail after it. */
function judgeCancelled(
  { entries, facts }: EndedRun,
  _: readonly Action[],
  complain: (what: string) => void,
): void {
  const last = entries.at(-1);
  const told = entries.filter(({ type }) => type === "run.cancel_requested").length;
  if (told > 1) complain(`its code was told ${told} times that it was cancelled`);
  if (told > 0 && last?.type === "run.failed") complain("it failed after it was cancelled");
  if (last?.type !== "run.cancelled") return;
  const by = last.terminated === true ? "terminate" : "cancel";
  if (!hasMadeRoom(last) && !facts.some(({ kind }) => kind === by))
    complain(`it is cancelled and nobody asked to ${by} it`);
  if (last.terminated !== true && told === 0 && entries.length > 1)
    complain("it is cancelled and its code was not told");
}

/** For a newer run of a singleton; whether there was one, the rules of flow control say. */
function hasMadeRoom({ failure }: Extract<Entry, { type: "run.cancelled" }>): boolean {
  return failure.message.endsWith("takes its place");
}
