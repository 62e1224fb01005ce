// Waits that somebody outside ends, by a token that a step has handed out, and approvals by one of two links. The
// outside completes them with values and errors, twice, otherwise, too late; it may send signs of life first. One end
// wins, and it is the one that the workflow sees.
import { readCallKey } from "../../lib/engine/call-key.ts";
import { completeCallback, decideApproval, heartbeatCallback } from "../../lib/engine/index.ts";
import { callbackFactKey } from "../../lib/engine/kinds/callback.ts";
import type { Entry } from "../../lib/ports/journal.ts";
import type { Approval } from "../../lib/sdk/callback.ts";
import { CallbackError, StepError, TimeoutError } from "../../lib/sdk/errors.ts";
import type { Chance } from "./chance.ts";
import type { Action, Client, EndedRun, Interpreter, Primitive } from "./primitive.ts";

const LIMITS_MS = [500, 3_000, 60_000, 901_000, 7_200_000];
const SILENCES_MS = [3_000, 60_000, 901_000];
const DELAYS_MS = [0, 1, 400, 2_900, 20_000, 700_000, 2_000_000];
/** Faults at its calls fail an attempt of handing out the token. */
const ATTEMPTS = 100;

export interface CallbackNode {
  readonly kind: "callback";
  readonly name: string;
  readonly isApproval: boolean;
  readonly timeoutMs?: number;
  readonly heartbeatMs?: number;
  /** When somebody else is asked as well. */
  readonly escalateMs?: number;
}

/** `n` tells the completions of a run apart; the same again is the same completion. */
export interface Completing extends Action {
  readonly by: "callback";
  readonly name: string;
  readonly does: "value" | "error" | "beat" | "approve" | "reject";
  readonly n: number;
  /** After the token was handed out. */
  readonly delayMs: number;
}

export const callback: Primitive<CallbackNode, Completing> = {
  draw: ({ chance, newName }) => {
    const isApproval = chance.happens(0.35);
    const hasSilence = !isApproval && chance.happens(0.3);
    const timeoutMs = chance.happens(0.5) ? chance.pick(LIMITS_MS) : undefined;
    const heartbeatMs = hasSilence ? chance.pick(SILENCES_MS) : undefined;
    const escalateMs = isApproval && chance.happens(0.4) ? chance.pick(LIMITS_MS) : undefined;
    // Asking somebody else when the time is up is refused.
    const escalates = escalateMs !== undefined && escalateMs < (timeoutMs ?? Number.POSITIVE_INFINITY);
    return {
      kind: "callback",
      name: `call ${newName()}`,
      isApproval,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(heartbeatMs === undefined ? {} : { heartbeatMs }),
      ...(escalates ? { escalateMs } : {}),
    };
  },
  run: async (node, at) => {
    try {
      if (node.isApproval) checkApproval(node, await approval(node, at), at);
      else check(node, await waiting(node, at), "value", at);
    } catch (error) {
      checkError(node, error, at);
    }
    return "called back";
  },
  expect: () => "called back",
  longestMs: ({ timeoutMs = 0, heartbeatMs = 0, escalateMs = 0 }) =>
    timeoutMs + heartbeatMs + escalateMs + 2_100_000,
  outside: { draw: drawCompletions, act: complete, judge: judgeCallbacks },
};

async function waiting({ name, timeoutMs, heartbeatMs }: CallbackNode, at: Interpreter): Promise<unknown> {
  return await at.ctx.waitForCallback(
    name,
    (token, { attempt }) => {
      at.begin({ id: `${name}/submit`, attempt, on: false, isLate: true });
      at.handOut(name, { value: token });
    },
    {
      retry: { maxAttempts: ATTEMPTS, max: "20s" },
      ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }),
      ...(heartbeatMs === undefined ? {} : { heartbeatTimeout: heartbeatMs }),
    },
  );
}

async function approval({ name, timeoutMs, escalateMs }: CallbackNode, at: Interpreter): Promise<Approval> {
  const to = ({ approveUrl, rejectUrl }: { readonly approveUrl: string; readonly rejectUrl: string }) =>
    at.handOut(name, { approve: tokenOf(approveUrl), reject: tokenOf(rejectUrl) });
  return await at.ctx.waitForApproval(name, {
    to,
    ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }),
    ...(escalateMs === undefined ? {} : { escalate: { after: escalateMs, to } }),
  });
}

function tokenOf(url: string): string {
  return url.slice(url.lastIndexOf("/") + 1);
}

/** Ends with a sign that no other number has. */
function markOf(n: number): string {
  return `completion ${n}.`;
}

function check({ name }: CallbackNode, value: unknown, does: Completing["does"], at: Interpreter): void {
  const isPlanned = at.actions.some(
    (action) => isOf(action, name) && action.does === does && value === markOf(action.n),
  );
  if (!isPlanned) at.complain(`${name} was completed by nobody with ${String(value)}`);
}

function checkApproval(node: CallbackNode, { approved, by }: Approval, at: Interpreter): void {
  check(node, by, approved ? "approve" : "reject", at);
}

function checkError(node: CallbackNode, error: unknown, at: Interpreter): void {
  if (error instanceof TimeoutError) {
    if (node.timeoutMs === undefined && node.heartbeatMs === undefined)
      at.complain(`${node.name} timed out and has no limit`);
  } else if (error instanceof CallbackError) {
    check(node, error.cause instanceof Error ? error.cause.message : undefined, "error", at);
  } else if (!(node.isApproval && error instanceof StepError)) throw error;
}

function isOf(action: Action, name: string): action is Completing {
  return action.by === "callback" && (action as Completing).name === name;
}

function drawCompletions(nodes: readonly CallbackNode[], chance: Chance, run: number): readonly Completing[] {
  let n = 0;
  return nodes.flatMap((node) => {
    const { name, isApproval, timeoutMs, heartbeatMs } = node;
    const one = (does: Completing["does"]): Completing => {
      n += 1;
      const delayMs = chance.pick(DELAYS_MS) + chance.int(0, 200);
      return { by: "callback", atMs: 0, run, name, does, n, delayMs };
    };
    const end = () =>
      one(chance.pick(isApproval ? ["approve", "reject"] : (["value", "value", "error"] as const)));
    const endsByItself = timeoutMs !== undefined || heartbeatMs !== undefined;
    const ends = endsByItself && chance.happens(0.3) ? [] : [end()];
    if (chance.happens(0.3)) ends.push(end());
    const [first] = ends;
    if (first !== undefined && chance.happens(0.3)) ends.push({ ...first, delayMs: chance.pick(DELAYS_MS) });
    const beats = heartbeatMs === undefined ? 0 : chance.int(0, 3);
    return [...ends, ...Array.from({ length: beats }, () => one("beat"))];
  });
}

/** Nothing is done before there is a token, and never when there is none. */
async function complete({ name, does, n, delayMs }: Completing, client: Client): Promise<boolean> {
  const tokens = await client.tokens(name);
  await client.sleep(delayMs);
  const token = tokens[n % tokens.length]?.[does === "approve" || does === "reject" ? does : "value"];
  if (token === undefined) throw new Error(`${name} has no token to ${does}`);
  return await client.ask(
    async (engine) => {
      if (does === "beat") await heartbeatCallback(engine, token);
      else if (does === "value") await completeCallback(engine, token, { ok: true, value: markOf(n) });
      else if (does === "error")
        await completeCallback(engine, token, { ok: false, error: new Error(markOf(n)) });
      else await decideApproval(engine, token, { by: markOf(n) });
    },
    "E_CALLBACK_CLOSED",
    "E_CALLBACK_COMPLETED",
  );
}

/** What was accepted is the end of the callback, the only one, and what the journal says if it says anything. */
function judgeCallbacks(
  { facts, entries }: EndedRun,
  accepted: readonly Completing[],
  complain: (what: string) => void,
): void {
  const ends = accepted.filter(({ does }) => does !== "beat");
  for (const { name, does, n } of ends) {
    const others = ends.filter((other) => other.name === name && other.n !== n);
    if (others.length > 0) complain(`${name} was completed twice: ${n} and ${others[0]?.n}`);
    const token = facts.find(
      (fact) => fact.kind === "token" && endsWith(readCallKey(fact.callback).id, name),
    );
    const call = token?.kind === "token" ? token.callback : "";
    const { id } = readCallKey(call);
    const fact = facts.find(({ key }) => key === callbackFactKey(call));
    if (!JSON.stringify(fact).includes(markOf(n))) complain(`${name}: ${does} ${n} was accepted and is lost`);
    const told = entries.filter((entry) => isEnd(entry) && entry.id === id);
    if (told.length > 1) complain(`${name} has ${told.length} ends`);
    if (told[0] !== undefined && !JSON.stringify(told[0]).includes(markOf(n)))
      complain(`${name}: ${does} ${n} was accepted, and the workflow was told of ${told[0].type}`);
  }
}

function endsWith(id: string, name: string): boolean {
  return id === name || id.endsWith(`/${name}`);
}

function isEnd(entry: Entry): entry is Extract<Entry, { readonly type: `callback.${string}` }> {
  return ["callback.completed", "callback.failed", "callback.timed_out"].includes(entry.type);
}
