// The modes: other ways of running the same engine, at the ends of what settings and surroundings allow. Nothing that a
// user can see may depend on them, so the whole functional suite passes in each (`npm run test:modes`, one vitest project
// for each mode; `npm run test:pages`, the one on DynamoDB alone). ENGINE_MODE names the mode of a test run; without it, it is the plain one.
//
// A mode is made of the product's own settings and of what the laboratory does to processes, never of a way round them.
// A test that counts writes or activations, or is about what one process does, says so and is left out:
//
//   it.skipIf(unlessPlain("it counts exact writes"))("a sequential step is one conditional write", …)
//   it.skipIf(under(["two-workers-race"], "its latch holds one process"))("…", …)
import type { LaboratoryOptions } from "../../lib/testing/laboratory.ts";

const MINUTE_MS = 60_000;

interface Mode {
  readonly lab: LaboratoryOptions;
  /** A file that is run before each of the tests' and brings what the process does not have (`surroundWith`). */
  readonly setUp?: string;
  /** Of the calls that a crash may come before or after, one in so many has one (crash-points.ts). @default - each in the plain mode, else every third */
  readonly crashEvery?: number;
}

const MODES = {
  /** As it comes. */
  plain: { lab: {} },
  /** After each checkpoint the activation leaves with a message to itself, and no wait stays in the process: every await is replayed from the store. */
  "suspend-at-every-await": { lab: { settings: { inProcessWaitMs: 0, checkpointsPerActivation: 1 } } },
  /** The host's time is always nearly up: the run is handed off as soon as something was appended. */
  "hand-off-after-every-step": {
    lab: { timeoutMs: 5 * MINUTE_MS, settings: { handOffBeforeMs: 10 * MINUTE_MS } },
  },
  /** What settles together is written apart, so that a crash may come between. */
  "one-entry-per-checkpoint": { lab: { settings: { maxEntriesPerCheckpoint: 1 } } },
  /** Every value, input, signal and error is a blob. */
  "everything-off-loaded": { lab: { settings: { offloadAboveBytes: 0 } } },
  /** Each message is delivered to two processes at once, whose calls come in between each other's. */
  "two-workers-race": { lab: { rivals: 2 } },
  /** Each message is handled by a process that has never seen another one and is gone with its answer: there is no warm cache. */
  "cold-cache": { lab: { coldStarts: true } },
  /** The store is DynamoDB's, whose answers hold two items: what fills many pages of 1 MB there fills them with a few items here. */
  "tiny-query-pages": { lab: {}, setUp: "test/engine/tiny-query-pages.ts", crashEvery: 19 },
} as const satisfies Readonly<Record<string, Mode>>;

export type ModeName = keyof typeof MODES;

export const MODE_NAMES = Object.keys(MODES) as readonly ModeName[];

/** What is run before each file of tests in a mode. */
export function setUpOf(name: ModeName): readonly string[] {
  const { setUp }: Mode = MODES[name];
  return setUp === undefined ? [] : [setUp];
}

export const mode: ModeName = nameOf(process.env.ENGINE_MODE ?? "plain");

/** Whether the engine is run as it comes. */
export const isPlain = mode === "plain";

export const crashEvery = (MODES[mode] as Mode).crashEvery ?? (isPlain ? 1 : 3);

function nameOf(text: string): ModeName {
  const name = MODE_NAMES.find((known) => known === text);
  if (name === undefined)
    throw new Error(`ENGINE_MODE is ${JSON.stringify(text)}; there are: ${MODE_NAMES.join(", ")}.`);
  return name;
}

export interface Surroundings {
  /** What a laboratory is given, made for it. */
  readonly lab: () => LaboratoryOptions;
  /** That they are what the mode's name says. */
  readonly evidence: () => Readonly<Record<string, unknown>>;
}

export let surroundings: Surroundings = { lab: () => ({}), evidence: () => ({}) };

export function surroundWith(given: Surroundings): void {
  surroundings = given;
}

/** A laboratory's options in this mode, whose settings win over the test's own. */
export function inMode(options: LaboratoryOptions): LaboratoryOptions {
  const { lab }: Mode = MODES[mode];
  return { ...lab, ...surroundings.lab(), ...options, settings: { ...options.settings, ...lab.settings } };
}

/** Whether a test is left out here because it belongs to the plain mode alone. */
export function unlessPlain(reason: string): boolean {
  return under(MODE_NAMES.slice(1), reason);
}

/** Whether a test is left out here because requests take real time and it makes thousands. */
export function unlessQuick(reason: string): boolean {
  return under(["tiny-query-pages"], reason);
}

/** Whether a test is left out here because it makes no sense in these modes. */
export function under(modes: readonly ModeName[], reason: string): boolean {
  if (reason === "") throw new Error("a test that is left out says why");
  return modes.includes(mode);
}
