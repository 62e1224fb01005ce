// The kinds of fault, and at which call each can happen. A fault is data: the world (world.ts) does what it says. A new
// kind is a line here and a case there.
//
// F1  A kind that makes something vanish for good says so (`needsSweeper`): without the sweeper the protocol does not
//     promise to find it again (W4).
// F2  A fault is drawn for a moment, and happens at the first call from then on that it fits.

export const ACTORS = [
  "worker",
  "step handler",
  "dead letters",
  "sweeper",
  "client",
  "operator",
  "reader",
] as const;
export type Actor = (typeof ACTORS)[number];

/** A call of a port by a process, or something the outside does: `delivery.receive`, `delivery.batch`. */
export interface CallSite {
  readonly actor: Actor;
  readonly port: string;
  readonly method: string;
}

interface FaultRule {
  readonly fits: (site: CallSite) => boolean;
  readonly needsSweeper?: true;
  /** It takes a span of time. */
  readonly isSlow?: true;
}

const WRITES = [
  "create",
  "claim",
  "renew",
  "abandon",
  "suspend",
  "close",
  "stall",
  "raise",
  "revive",
  "postpone",
  "seize",
  "pause",
  "resume",
  "append",
  "appendWith",
  "retire",
  "putFact",
  "putNote",
  "claimStep",
  "renewStep",
  "send",
  "arm",
  "disarm",
  "take",
  "release",
  "enlist",
  "delist",
  "reserve",
];
/** Methods whose names another port has, too. */
const WRITES_OF_PORTS = ["events.put"];
/** `name` is that of a method with its port. */
export function isWrite(name: string): boolean {
  return WRITES_OF_PORTS.includes(name) || WRITES.includes(name.slice(name.indexOf(".") + 1));
}

const isCall = ({ port }: CallSite) => port !== "delivery";
const fitsWrite = ({ port, method }: CallSite) => isWrite(`${port}.${method}`);
const isSend = ({ method }: CallSite) => method === "send";
const isArm = ({ method }: CallSite) => method === "arm";
const isOutside = (what: string) => (site: CallSite) => `${site.port}.${site.method}` === what;

export const FAULT_RULES = {
  "crash before": { fits: isCall },
  "crash after": { fits: isCall },
  "all crash": { fits: isCall },
  throttled: { fits: isCall },
  "timed out but applied": { fits: isCall },
  "timed out and applied later": { fits: fitsWrite, isSlow: true },
  "slow before": { fits: isCall, isSlow: true },
  "slow after": { fits: isCall, isSlow: true },
  frozen: {
    fits: (site) => isCall(site) && !["client", "operator", "reader"].includes(site.actor),
    isSlow: true,
  },
  "message lost": { fits: isSend, needsSweeper: true },
  "message duplicated": { fits: isSend },
  "message delayed": { fits: isSend, isSlow: true },
  "delivery lost": { fits: isOutside("delivery.receive") },
  "delivery duplicated": { fits: isOutside("delivery.receive") },
  "deliveries reordered": { fits: isOutside("delivery.batch") },
  "visibility not extended": { fits: isOutside("host.extend") },
  "schedule missing": { fits: isArm, needsSweeper: true },
  "schedule late": { fits: isArm, isSlow: true },
  "schedule fires twice": { fits: isArm, isSlow: true },
  "index behind": { fits: isOutside("index.due"), isSlow: true },
  "list behind": { fits: isOutside("index.list"), isSlow: true },
  "blobs fail": { fits: ({ port }) => port === "blobs" },
  "bus refuses": { fits: isOutside("events.put") },
  /** Of several events; it answers that some were not taken. */
  "bus takes some": { fits: isOutside("events.put") },
  /** Somebody below heard nothing of the first. */
  "append repeated": { fits: ({ port, method }) => port === "journal" && method.startsWith("append") },
  /** Nothing was written, and the same may be asked again. */
  "transaction busy": { fits: isOutside("journal.appendWith") },
  /** From here on processes start with the next version of the code; for a while some still start with the one before. */
  deploy: { fits: isCall, isSlow: true },
  /** Every process ends, and the next version, which no longer fits the one before, is all there is. */
  "deploy at once": { fits: isCall },
  /** Of the whole simulation: no call brings it about. */
  "clocks disagree": { fits: () => false },
} as const satisfies Readonly<Record<string, FaultRule>>;

export type FaultKind = keyof typeof FAULT_RULES;

export const FAULT_KINDS = Object.keys(FAULT_RULES) as readonly FaultKind[];

export interface Fault {
  readonly kind: FaultKind;
  /** Number of the call from which on it waits for one that it fits. */
  readonly fromCall: number;
  /** How long what is slow takes, ms. */
  readonly ms: number;
  /** Only at a call of this actor. */
  readonly actor?: Actor;
}

export function ruleOf(kind: FaultKind): FaultRule {
  return FAULT_RULES[kind];
}

export function fits({ kind, actor }: Fault, site: CallSite): boolean {
  return (actor === undefined || actor === site.actor) && ruleOf(kind).fits(site);
}

export function writeFault({ kind, fromCall, ms, actor }: Fault): string {
  const span = ruleOf(kind).isSlow === true ? ` (${ms} ms)` : "";
  return `from call ${fromCall}: ${kind}${span}${actor === undefined ? "" : ` at a ${actor}`}`;
}
