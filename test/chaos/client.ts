// A run as its caller sees it: started, signalled and waited for through the API, each request repeated under the same
// idempotency key until it is answered.
import { setTimeout as pause } from "node:timers/promises";
import * as v from "valibot";
import { isClosed, RUN_STATUSES, type RunStatus } from "../../lib/ports/run.ts";
import type { Chance } from "../simulation/chance.ts";
import { completeAfterTheEnd, completeAll, type Desk } from "./completions.ts";
import type { Effects } from "./effects.ts";
import type { Place } from "./place.ts";
import { CHILDREN, type ChildName, childOf, type Role, type Sent, signalsOf } from "./scenarios.ts";

const AGAIN_AFTER_MS = 200;
/** A signal comes before the run waits for it, or after. */
const SIGNAL_WITHIN_MS = 3_000;
/** Signals sent twice under one key. */
const DOUBLED = 0.4;
/** The last step is looked for in the effects, which costs nothing; after this long the run is asked all the same. */
const LOOK_AFTER_MS = 60_000;
/** What the killing of processes explains; a person lets the run go on. */
const EXPLAINED_STALLS: readonly string[] = ["E_POISON", "E_DEAD_LETTER"];

const Started = v.object({ runId: v.string() });
const Seen = v.object({
  status: v.picklist(RUN_STATUSES),
  stalled: v.optional(v.object({ code: v.string(), message: v.string() })),
});

const Page = v.object({
  entries: v.array(v.object({ type: v.string(), id: v.optional(v.string()), child: v.optional(v.string()) })),
});

export interface Job {
  readonly scenario: Role;
  readonly n: number;
}

export interface ClientOptions {
  readonly place: Pick<Place, "request">;
  readonly effects: Effects;
  /** Begins every idempotency key. */
  readonly prefix: string;
  readonly chanceFor: (job: Job) => Chance;
  /** Requests that nobody answered, or only with a fault of the surroundings. */
  readonly onAgain: () => void;
  readonly onRevived: (code: string) => void;
  readonly onStarted: (job: Job, runId: string) => void;
  /** Amounts that the outside gave the run through callbacks, and was told that they were taken. */
  readonly onTold?: (runId: string, amounts: readonly number[]) => void;
  /** A run that this one has started; it is there. */
  readonly onChild?: (job: Job, runId: string) => void;
}

/** Resolves with the status when the run is closed. @throws when the API refuses what it must take */
export async function drive(options: ClientOptions, job: Job): Promise<RunStatus> {
  const { effects, prefix, chanceFor, onStarted } = options;
  const { scenario, n } = job;
  const key = `${prefix}-${scenario}-${n}`;
  const body = await post(options, `/workflows/${scenario}/runs`, { input: { n } }, key);
  const { runId } = v.parse(Started, body);
  onStarted(job, runId);
  const chance = chanceFor(job);
  const sends = signalsOf(scenario, n).map(async (sent, i) => {
    await signal(options, runId, sent, `${key}-${i}`, chance);
  });
  await Promise.all(sends);
  const desk: Desk = {
    effectsFile: effects.path,
    runId,
    n,
    chance,
    isOver: () => effects.byRun.get(runId)?.some(({ step }) => step === "last") === true,
    post: async (path, completion) => (await heard(options, path, asPost(completion, key))).status,
  };
  const ended = effects.seen(runId, "last", LOOK_AFTER_MS).then(async () => await closed(options, runId));
  if (scenario === "callbacks") {
    // A run that stalls meanwhile hands out nothing until it is sent on.
    const [amounts] = await Promise.all([completeAll(desk), ended]);
    options.onTold?.(runId, amounts);
    await completeAfterTheEnd(desk);
  }
  const status = await ended;
  if (scenario === "children") await followChildren(options, n, runId);
  return status;
}

/** All of its children have ended, too. */
async function followChildren(options: ClientOptions, n: number, runId: string): Promise<void> {
  const { entries } = v.parse(Page, await answered(options, `/runs/${runId}/journal?limit=100`));
  const started = entries.filter(({ type }) => type === "child.started");
  await Promise.all(
    started.map(async ({ id, child: childId = "" }) => {
      const name = id as ChildName;
      options.onChild?.({ scenario: CHILDREN[name].role, n: childOf(n, name) }, childId);
      await closed(options, childId);
    }),
  );
}

async function signal(
  options: ClientOptions,
  runId: string,
  { name, amount }: Sent,
  key: string,
  chance: Chance,
): Promise<void> {
  const copies = chance.happens(DOUBLED) ? 2 : 1;
  const delays = Array.from({ length: copies }, () => chance.int(0, SIGNAL_WITHIN_MS));
  const sends = delays.map(async (ms) => {
    await pause(ms);
    await post(options, `/runs/${runId}/signals/${name}`, { payload: { amount } }, key);
  });
  await Promise.all(sends);
}

async function closed(options: ClientOptions, runId: string): Promise<RunStatus> {
  for (;;) {
    const { status, stalled } = v.parse(Seen, await answered(options, `/runs/${runId}?wait=20s`));
    if (isClosed(status)) return status;
    if (status !== "stalled") continue;
    const { code = "", message } = stalled ?? {};
    if (!EXPLAINED_STALLS.includes(code)) throw new Error(`it stalled: ${code} ${message}`);
    const { onAgain, onRevived, place } = options;
    const { status: answer } = await place
      .request(`/runs/${runId}/retry`, { method: "POST" })
      .catch(() => ({ status: 0 }));
    if (answer === 0 || answer >= 500) onAgain();
    else onRevived(code);
  }
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

function asPost(body: unknown, key: string): RequestInit {
  const headers = { "content-type": "application/json", "idempotency-key": key };
  return { method: "POST", headers, body: JSON.stringify(body) };
}

async function post(options: ClientOptions, path: string, body: unknown, key: string): Promise<unknown> {
  return await answered(options, path, asPost(body, key));
}

async function answered(options: ClientOptions, path: string, init: RequestInit = {}): Promise<unknown> {
  const { status, body } = await heard(options, path, init);
  if (status < 300) return body;
  throw new Error(`${path} was refused: ${status} ${JSON.stringify(body)}`);
}

/** Asks until there is an answer that the surroundings have no part in. */
async function heard(options: ClientOptions, path: string, init: RequestInit): Promise<Answer> {
  for (;;) {
    const answer = await ask(options, path, init);
    if (answer !== undefined && answer.status < 500) return answer;
    options.onAgain();
    await pause(AGAIN_AFTER_MS);
  }
}

/** Nothing when the answer did not come, or not whole. */
async function ask({ place }: ClientOptions, path: string, init: RequestInit): Promise<Answer | undefined> {
  try {
    const response = await place.request(path, init);
    return { status: response.status, body: await response.json() };
  } catch {
    return undefined;
  }
}
