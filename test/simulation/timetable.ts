// A schedule beside a program, drawn from a seed: when it starts runs of the same workflow, what becomes of times that come
// meanwhile, and what people do to it. Plain data. What must hold of it is in timetable-rules.ts.
//
// Its runs have a brief node of their own as their input, so that the oracle knows what each comes to, and nobody outside
// has a part in them.
import type { OverlapPolicy } from "../../lib/sdk/schedule.ts";
import { Chance } from "./chance.ts";
import type { AnyNode } from "./primitive.ts";
import type { SleepNode } from "./wait-primitives.ts";

/** The line in ALL_KINDS that it is drawn by. */
export const SCHEDULES = "schedules";
export const SCHEDULE_ID = "simulated";
export const SCHEDULED_LABEL = "scheduled";

/** Something that somebody does to the schedule, so long after what was done before. */
export interface Request {
  readonly what:
    | "pause"
    | "resume"
    | "update"
    | "trigger"
    | "backfill"
    | "backfill beside"
    | "delete"
    | "make again";
  readonly afterMs: number;
}

/** What a schedule may be asked to change to. */
export interface Terms {
  readonly limit?: number;
  readonly overlap: OverlapPolicy;
  readonly catchUpMs: number;
}

export interface Timetable extends Terms {
  readonly node: AnyNode;
  readonly everyMs: number;
  /** In minutes, instead of the rate: `everyMs` is what it comes to. */
  readonly isCron: boolean;
  /** It has times for so long from when it is made. */
  readonly lastsMs: number;
  readonly jitterMs: number;
  /** Its terms once it is updated. */
  readonly later: Terms;
  readonly requests: readonly Request[];
}

const POLICIES = ["skip", "buffer-one", "allow", "cancel-other"] as const;
const RATES_MS = [2_000, 20_000, 60_000, 300_000, 3_600_000];
const CATCH_UPS_MS = [10_000, 60_000, 3_600_000, 100_000_000];
/** What is asked for in one go. */
const DEEDS: readonly (readonly Request["what"][])[] = [
  ["pause", "resume"],
  ["pause", "trigger", "resume"],
  ["update"],
  ["pause", "update", "resume"],
  ["trigger"],
  ["trigger", "trigger"],
  ["backfill"],
  ["backfill beside"],
  ["delete"],
  ["delete", "make again"],
];
/** In times from one run to the next. */
const RESTS = [0.4, 1, 1.3, 2.6];
const MAX_TIMES = 6;
/** Times that lie back this many of its own are filled in. */
export const BACKFILLED_TIMES = 4;

export function drawTimetable(
  seed: number,
  drawNode: (chance: Chance, newName: () => string) => AnyNode,
): Timetable | undefined {
  const chance = new Chance(seed, SCHEDULES);
  // Of the runs that no limiter bounds: of all, about one in twelve.
  if (!chance.happens(0.13)) return undefined;
  let names = 0;
  const newName = () => {
    names += 1;
    return `s${names}`;
  };
  const everyMs = chance.pick(RATES_MS);
  const times = chance.int(1, MAX_TIMES);
  const deeds = Array.from({ length: chance.pick([0, 0, 1, 1, 2, 3]) }, () => chance.pick(DEEDS)).flat();
  return {
    node: { kind: "sequence", inner: [drawNode(chance, newName), ...drawRest(chance, newName, everyMs)] },
    everyMs,
    isCron: (everyMs === 60_000 || everyMs === 300_000) && chance.happens(0.5),
    lastsMs: everyMs * times + chance.int(0, 1) * 500,
    ...drawTerms(chance),
    jitterMs: chance.happens(0.2) ? chance.int(1, everyMs) : 0,
    requests: deeds.map((what) => ({ what, afterMs: chance.int(0, 2 * everyMs) })),
    later: drawTerms(chance),
  };
}

function drawTerms(chance: Chance): Terms {
  return {
    ...(chance.happens(0.3) ? { limit: chance.int(1, 3) } : {}),
    overlap: chance.pick(POLICIES),
    catchUpMs: chance.pick(CATCH_UPS_MS),
  };
}

/** What its schedule is asked to keep to, at one time or another. */
export function termsOf(timetable: Timetable): readonly Terms[] {
  return [
    timetable,
    ...timetable.requests.flatMap(({ what }) => (what === "update" ? [timetable.later] : [])),
  ];
}

/** Runs that are as long as the time from one to the next meet each other. */
function drawRest(chance: Chance, newName: () => string, everyMs: number): readonly SleepNode[] {
  if (chance.happens(0.4)) return [];
  return [{ kind: "sleep", name: newName(), ms: Math.floor(everyMs * chance.pick(RESTS)) }];
}

/** Longest all of it may take without a fault, ms. */
export function longestMsOfTimetable(timetable: Timetable, longestOfRun: number): number {
  const { lastsMs, everyMs, jitterMs, requests } = timetable;
  const asked = requests.reduce((total, { afterMs }) => total + afterMs, 0);
  const made = 1 + requests.filter(({ what }) => what === "make again" || what === "update").length;
  const runs = (MAX_TIMES + requests.length * (BACKFILLED_TIMES + 1)) * longestOfRun;
  return asked + made * (lastsMs + everyMs + jitterMs + runs);
}
