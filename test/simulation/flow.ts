// What bounds the runs of a simulated workflow: concurrency limits, a rate, a singleton, drawn from a seed; and when its
// runs are started, since all at once meet a limiter otherwise than one after the other. Plain data. What must hold of it
// is in flow-rules.ts.
//
// A run that waits for its child keeps its slots. So where programs make children, only what is parted by a key bounds
// their runs, and a child's key is its own: otherwise the two would wait for each other for ever, as they should.
import type { Run } from "../../lib/ports/run.ts";
import type { FlowControlOptions, Singleton } from "../../lib/sdk/flow-control.ts";
import { Chance } from "./chance.ts";

interface Slots {
  /** That of each version of the code in turn. */
  readonly limits: readonly number[];
}

export interface Flow {
  readonly keyed?: Slots;
  readonly whole?: Slots;
  readonly rate?: {
    readonly limit: number;
    readonly perMs: number;
    readonly burst: number;
    readonly hasKey: boolean;
  };
  readonly singleton?: { readonly onConflict: Singleton["onConflict"]; readonly hasKey: boolean };
  /** Runs that were started side by side are parted into so many. */
  readonly keys: number;
  /** Runs that a run starts have its key. */
  readonly doesFamilyShare: boolean;
  /** After the start of the simulation, of each run that is started side by side. */
  readonly startsAtMs: readonly number[];
}

/** The line in ALL_KINDS that it is drawn by. */
export const FLOW_CONTROL = "flow control";

const STARTS_AT_MS = [0, 0, 0, 1, 1, 400, 3_000, 8_000, 40_000, 700_000];
const LIMITS = [1, 1, 1, 2, 2, 3];
const CONFLICTS = ["use-existing", "wait", "cancel-other"] as const;
const PACES = [
  { limit: 1, perMs: 2_000 },
  { limit: 2, perMs: 60_000 },
  { limit: 3, perMs: 10_000 },
  { limit: 2, perMs: 2_000_000 },
];

/** What a program is drawn of when only its limiters matter: many runs that come and go, and most faults at the limiters. */
export const BRIEF_KINDS: readonly string[] = ["step", "sleep"];

/** Whether runs are bounded at all, and whether they have little else to do. */
export function drawBounds(seed: number): "none" | "brief" | "full" {
  const chance = new Chance(seed, "whether bounded");
  if (!chance.happens(0.4)) return "none";
  return chance.happens(0.6) ? "brief" : "full";
}

interface Made {
  readonly isBrief: boolean;
  readonly hasChildren: boolean;
  /** Its runs send each other signals: each of them must be made. */
  readonly doesNudge: boolean;
}

export function drawFlow(seed: number, { isBrief, hasChildren, doesNudge }: Made): Flow {
  const chance = new Chance(seed, FLOW_CONTROL);
  const bounds = chance.pick(["keyed", "whole", "singleton", "singleton", "rate", "all"] as const);
  const has = (bound: typeof bounds, often: number) =>
    bounds === bound || (bounds === "all" && chance.happens(often));
  const doesHold = (often: number) => hasChildren || chance.happens(often);
  const conflicts = CONFLICTS.filter((conflict) => !doesNudge || conflict !== "use-existing");
  const runs = isBrief ? chance.int(3, 8) : chance.int(2, 4);
  return {
    ...(has("keyed", 0.6) || (hasChildren && bounds === "whole") ? { keyed: drawSlots(chance) } : {}),
    ...(has("whole", 0.6) && !hasChildren ? { whole: drawSlots(chance) } : {}),
    ...(has("rate", 0.5)
      ? { rate: { ...chance.pick(PACES), burst: chance.int(1, 2), hasKey: chance.happens(0.4) } }
      : {}),
    ...(has("singleton", 0.5)
      ? { singleton: { onConflict: chance.pick(conflicts), hasKey: doesHold(0.6) } }
      : {}),
    keys: chance.int(1, 2),
    doesFamilyShare: !hasChildren,
    startsAtMs: Array.from({ length: runs }, () => chance.pick(STARTS_AT_MS)),
  };
}

function drawSlots(chance: Chance): Slots {
  return { limits: chance.happens(0.7) ? [chance.pick(LIMITS)] : [chance.pick(LIMITS), chance.pick(LIMITS)] };
}

/** As an author says it in code of this version. */
export function flowControlIn(flow: Flow | undefined, version: number): FlowControlOptions {
  if (flow === undefined) return {};
  const { keyed, whole, rate, singleton } = flow;
  const key = (input: unknown) => keyOf(flow, (input as { readonly label: string }).label);
  const limits = [
    ...(keyed === undefined ? [] : [{ limit: limitOf(keyed, version), key }]),
    ...(whole === undefined ? [] : [{ limit: limitOf(whole, version) }]),
  ];
  return {
    ...(limits.length === 0 ? {} : { concurrency: limits }),
    ...(rate === undefined ? {} : { rate: rateOf(rate, key) }),
    ...(singleton === undefined
      ? {}
      : { singleton: { onConflict: singleton.onConflict, ...(singleton.hasKey ? { key } : {}) } }),
  };
}

function rateOf({ limit, perMs, burst, hasKey }: NonNullable<Flow["rate"]>, key: (input: unknown) => string) {
  return { limit, per: perMs, burst: Math.min(burst, limit), ...(hasKey ? { key } : {}) };
}

/** Of runs that were started side by side: their number, by which they are parted. */
function keyOf({ keys, doesFamilyShare }: Flow, label: string): string {
  const [, number, family = ""] = /^run (\d+)(.*)$/.exec(label) ?? [];
  if (number === undefined) throw new Error(`"${label}" names no run`);
  return `${Number(number) % keys}${doesFamilyShare ? "" : family}`;
}

/** How many a limiter lets through by code of this version. */
export function limitAt(flow: Flow, ref: string, version: number): number {
  if (ref.startsWith("s/")) return 1;
  const slots = ref.startsWith("k/") ? flow.keyed : flow.whole;
  return slots === undefined ? 0 : limitOf(slots, version);
}

/** The least that any version lets through. */
export function leastLimitOf(flow: Flow, ref: string): number {
  if (ref.startsWith("s/")) return 1;
  return Math.min(...((ref.startsWith("k/") ? flow.keyed : flow.whole)?.limits ?? [0]));
}

function limitOf({ limits }: Slots, version: number): number {
  return limits[version % limits.length] ?? 1;
}

export function intervalMsOf({ limit, perMs }: NonNullable<Flow["rate"]>): number {
  return Math.ceil(perMs / limit);
}

/** Its refs of limiters that have slots. */
export function slotRefsOf({ limiters = [] }: Pick<Run, "limiters">): readonly string[] {
  return limiters.filter((ref) => !ref.startsWith("r/"));
}
