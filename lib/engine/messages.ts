// What travels through the queues. A message only asks somebody to look: everything it claims is checked against the
// store, so a forged, late or doubled one costs time and nothing else.

/** Asks for an activation; `n` is the number of the cause that sent it (W1). */
export interface WakeUp {
  readonly kind: "wake-up";
  readonly runId: string;
  readonly n: number;
  /** Set by the dead-letter consumer: how often this wake-up went through all its deliveries, and for nothing. */
  readonly deaths?: number;
  /** The fence of the run's last checkpoint when it last did. */
  readonly lastFence?: number;
}

/** A long timer has fired, early on purpose: it is converted to a numbered wake-up at the exact time. */
export interface TimerFired {
  readonly kind: "timer";
  readonly runId: string;
  readonly fireAt: number;
}

/** Asks a step handler for one attempt of a dispatched step. */
export interface StepRequest {
  readonly kind: "step";
  readonly runId: string;
  /** Position of the `step.dispatched` entry. */
  readonly seq: number;
  readonly handler: string;
  /** For the log and for consumers of the queue; the same for every delivery and attempt. */
  readonly idempotencyKey: string;
}

/** Of a kind that a newer version sends: this one can only keep it from being lost. */
interface UnknownMessage {
  readonly kind: "unknown";
  readonly runId: string;
}

export type Message = WakeUp | TimerFired | StepRequest | UnknownMessage;

/** Kinds that this version sends. */
const KINDS: readonly unknown[] = ["wake-up", "timer", "step"];
const RUN_ID = /^[\w.:-]{1,200}$/;
/** Far above any count of causes. A forged number becomes `wake`, which must still count up from there. */
const MAX_N = 1e12;
/** Of Date. */
const MAX_TIME_MS = 8.64e15;
/** Of a journal's keys. */
const MAX_SEQ = 9_999_999_999;

/** A step may have a name with characters in it that SQS takes only escaped. */
export function writeMessage(message: Message): string {
  return JSON.stringify(message).replaceAll(
    /[\ufffe\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16)}`,
  );
}

/** Nothing when the body is not one of ours. */
export function readMessage(body: string): Message | undefined {
  let data: unknown;
  try {
    data = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (typeof data !== "object" || data === null) return undefined;
  const fields = data as Readonly<Record<string, unknown>>;
  const { kind, runId, n, deaths, lastFence, fireAt, seq, handler, idempotencyKey } = fields;
  // Not a key that no store takes: it would come back for ever.
  if (typeof runId !== "string" || !RUN_ID.test(runId)) return undefined;
  if (typeof kind === "string" && !KINDS.includes(kind)) return { kind: "unknown", runId };
  if (kind === "wake-up" && isCount(n) && n <= MAX_N) {
    return { kind, runId, n, ...(isCount(deaths) && isCount(lastFence) ? { deaths, lastFence } : {}) };
  }
  if (kind === "timer" && isCount(fireAt) && fireAt <= MAX_TIME_MS) return { kind, runId, fireAt };
  if (
    kind === "step" &&
    isCount(seq) &&
    seq <= MAX_SEQ &&
    typeof handler === "string" &&
    typeof idempotencyKey === "string"
  ) {
    return { kind, runId, seq, handler, idempotencyKey };
  }
  return undefined;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
