// A situation: some code of a workflow, what it must come to, and how often its bodies may run. Each is played in several
// ways that nobody may see a difference between: straight through, left and taken up again at every await, handed off
// after every entry, and with its process killed after every checkpoint.
//
// In every way an hour of sleep follows the code, so that all of it is replayed at least once more before the run ends:
// what the code is given the second time comes from the journal and must be what it was given the first time.
import { describe, expect, it } from "vitest";
import { completeCallback, heartbeatCallback } from "../../lib/engine/index.ts";
import { consoleLog } from "../../lib/local/console-log.ts";
import type { Entry } from "../../lib/ports/journal.ts";
import type { Context } from "../../lib/sdk/context.ts";
import { type AnyWorkflow, workflow } from "../../lib/sdk/workflow.ts";
import { checkInvariants } from "../engine/invariants.ts";
import { Lab, type LabOptions } from "../engine/lab.ts";
import { type Told, told } from "./told.ts";

const MINUTE_MS = 60_000;

export interface Way {
  readonly name: string;
  readonly lab: LabOptions;
  /** Its process dies after every checkpoint. */
  readonly kills: boolean;
  /** As it comes: times and counts are exact. */
  readonly isPlain: boolean;
}

const WAYS: readonly Way[] = [
  { name: "straight through", lab: {}, kills: false, isPlain: true },
  {
    name: "suspended at every await",
    lab: { settings: { inProcessWaitMs: 0, checkpointsPerActivation: 1 } },
    kills: false,
    isPlain: false,
  },
  {
    name: "handed off after every entry",
    lab: { timeoutMs: 5 * MINUTE_MS, settings: { handOffBeforeMs: 10 * MINUTE_MS } },
    kills: false,
    isPlain: false,
  },
  { name: "killed after every checkpoint", lab: {}, kills: true, isPlain: false },
];

export interface Situation {
  readonly title: string;
  readonly code: (ctx: Context, stage: Stage) => Promise<unknown>;
  /** What the run gives. @default undefined */
  readonly gives?: unknown;
  /** What it fails with, instead. */
  readonly fails?: Told;
  /** How often `stage.ran` is called, by name. Kills may only add to it what was not recorded yet. */
  readonly ran?: Readonly<Record<string, number>>;
  /** Goes on beside the run. */
  readonly outside?: (stage: Stage) => Promise<void>;
  readonly workflows?: readonly AnyWorkflow[];
  /** The ids in the journal, in order, those that repeat once; checked straight through. */
  readonly ids?: readonly string[];
  /** Looked at when it is over, straight through. */
  readonly look?: (stage: Stage) => void | Promise<void>;
  /** Why it is not played with kills. */
  readonly spared?: string;
}

/** What a situation's code and the outside share, besides what is recorded. */
export class Stage {
  readonly way: Way;
  lab!: Lab;
  runId = "";
  readonly counts: Record<string, number> = {};
  readonly seen = new Map<string, unknown[]>();
  /** What was logged. */
  readonly lines: string[] = [];
  readonly #firstAt = new Map<string, number>();
  readonly #tokens = new Map<string, PromiseWithResolvers<string>>();
  #startedAt = 0;

  constructor(way: Way) {
    this.way = way;
  }

  begin(): void {
    this.#startedAt = this.lab.clock.now();
  }

  /** A body runs; how often it has, this time included. */
  ran(what = "body"): number {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
    return this.counts[what];
  }

  /** As the whole of a body. */
  counted<T>(body: () => T): T {
    this.ran();
    return body();
  }

  /** The code was given this, on every replay the same. */
  see<T>(what: string, value: T): T {
    this.seen.set(what, [...(this.seen.get(what) ?? []), value]);
    if (!this.#firstAt.has(what)) this.#firstAt.set(what, this.lab.clock.now() - this.#startedAt);
    return value;
  }

  /** What the promise comes to: its value, or its error as told. */
  async seeEnd(what: string, promise: Promise<unknown>): Promise<unknown> {
    return this.see(what, await promise.catch(told));
  }

  /** Ms from the start until the code was given it first. */
  atMs(what = "the end"): number {
    return this.#firstAt.get(what) ?? Number.NaN;
  }

  /** A `submit` that leaves its token to the outside. */
  submit(name: string): (token: string) => void {
    return (token) => {
      this.ran(`submit ${name}`);
      this.#token(name).resolve(token);
    };
  }

  async after(ms: number): Promise<void> {
    await this.lab.clock.sleep(ms);
  }

  async complete(name: string, value: unknown): Promise<void> {
    await completeCallback(this.lab.engine, await this.#token(name).promise, { ok: true, value });
  }

  async refuse(name: string, error: Error): Promise<void> {
    await completeCallback(this.lab.engine, await this.#token(name).promise, { ok: false, error });
  }

  async beat(name: string): Promise<void> {
    await heartbeatCallback(this.lab.engine, await this.#token(name).promise);
  }

  async handedOut(name: string): Promise<void> {
    await this.#token(name).promise;
  }

  async entries(): Promise<Entry[]> {
    return await this.lab.entries(this.runId);
  }

  async ids(): Promise<string[]> {
    const ids = (await this.entries()).flatMap((entry) => ("id" in entry ? [entry.id] : []));
    return [...new Set(ids)].filter((id) => id !== "afterwards");
  }

  #token(name: string): PromiseWithResolvers<string> {
    const token = this.#tokens.get(name) ?? Promise.withResolvers<string>();
    this.#tokens.set(name, token);
    return token;
  }
}

export function situations(suite: string, list: readonly Situation[]): void {
  describe(suite, () => {
    describe.each([...list])("$title", (situation) => {
      const ways = situation.spared === undefined ? WAYS : WAYS.filter(({ kills }) => !kills);
      it.each([...ways])("$name", async (way) => await play(situation, way));
    });
  });
}

async function play(situation: Situation, way: Way): Promise<void> {
  const stage = new Stage(way);
  const played = workflow("situation", async (ctx) => {
    const outcome = await situation.code(ctx, stage).then(
      (value) => ({ ok: true as const, value }),
      (error: unknown) => ({ ok: false as const, error }),
    );
    stage.see("the end", outcome.ok ? outcome.value : told(outcome.error));
    await ctx.sleep("afterwards", "1 hour");
    if (!outcome.ok) throw outcome.error;
    return outcome.value;
  });
  const log = consoleLog({ write: (line) => stage.lines.push(line), now: () => 0 });
  stage.lab = new Lab([played, ...(situation.workflows ?? [])], { ...way.lab, log });
  let deaths = 0;
  stage.lab.watch = ({ method }) => {
    if (!way.kills || method !== "append") return "go on";
    deaths += 1;
    return "die after";
  };
  stage.begin();
  stage.runId = await stage.lab.start(played);
  let isOutsideDone = false;
  const outside = situation.outside?.(stage).then(() => {
    isOutsideDone = true;
  });
  const end = await stage.lab.result(stage.runId).then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  await stage.lab.settle();
  if (isOutsideDone || outside === undefined) await outside;
  else expect(end, "the run ended while the outside still waits for it").toBe("what the outside does");
  if (situation.fails === undefined) expect(end).toEqual({ value: situation.gives });
  else expect("error" in end ? told(end.error) : end).toMatchObject(situation.fails);
  for (const [what, values] of stage.seen) {
    expect(values.length, `${what} is seen again on replay`).toBeGreaterThan(1);
    for (const again of values) expect(again, what).toEqual(values[0]);
  }
  expect(deaths > 0, "processes die").toBe(way.kills);
  if (!way.kills) expect(stage.counts).toEqual(situation.ran ?? {});
  for (const [what, times] of Object.entries(situation.ran ?? {}))
    expect(stage.counts[what] ?? 0, what).toBeGreaterThanOrEqual(times);
  await checkInvariants(stage.lab, stage.runId);
  if (!way.isPlain) return;
  if (situation.ids !== undefined) expect(await stage.ids()).toEqual(situation.ids);
  await situation.look?.(stage);
}
