// What the runs of chaos are and what must come of them, computed without the engine. A run is a scenario and a number;
// both decide its steps, how often each fails, its signals and its value.

/** Those that know no other run and nobody outside but whoever sends signals. */
export const ALONE = ["steps", "sleeps", "signals", "parallel"] as const;
export const SCENARIOS = [...ALONE, "children", "callbacks", "concurrency"] as const;
export type Scenario = (typeof SCENARIOS)[number];
/** Runs that only runs start: one that comes to its end, and one that waits until it is told to end. */
export type Role = Scenario | "errand" | "idler";

export interface Sent {
  readonly name: "go" | "done";
  readonly amount: number;
}

/** Steps of each scenario in the order of the code; the last one of each is called `last`. */
export const STEPS: Readonly<Record<Role, readonly string[]>> = {
  steps: ["s1", "s2", "s3", "s4", "last"],
  sleeps: ["before", "between", "last"],
  signals: ["before", "between", "last"],
  parallel: ["p1", "p2", "p3", "p4", "p5", "boat", "last"],
  children: ["before", "last"],
  callbacks: ["before", "last"],
  concurrency: ["before", "last"],
  errand: ["before", "last"],
  idler: ["before"],
};

/** The children of a run, by their ids: what each is, and what becomes of it when its parent ends first. */
export const CHILDREN = {
  own: { role: "errand", policy: "cancel" },
  abandoned: { role: "errand", policy: "abandon" },
  waited: { role: "errand", policy: "wait" },
  cancelled: { role: "idler", policy: "cancel" },
} as const;
export type ChildName = keyof typeof CHILDREN;

/** The number of a child, which nobody else has. */
export function childOf(n: number, name: ChildName): number {
  return n * 10 + Object.keys(CHILDREN).indexOf(name);
}

/** How many runs of `concurrency` may go on at once: of each key, and in all. */
export const MOST_OF_KEY = 2;
export const MOST_IN_ALL = 5;
const LINES = 3;

export function lineOf(n: number): string {
  return `line-${n % LINES}`;
}

/** Names of the limiters that the runs of `concurrency` go through, and how many each lets in. */
export const LIMITERS: ReadonlyMap<string, number> = new Map([
  ["concurrency/w/", MOST_IN_ALL],
  ...Array.from({ length: LINES }, (_, n) => [`concurrency/k/${lineOf(n)}`, MOST_OF_KEY] as const),
]);

export function limitersOf(n: number): readonly string[] {
  return ["concurrency/w/", `concurrency/k/${lineOf(n)}`];
}

/** How long a run of `concurrency` stays inside, and an errand takes: most wait in the process, some are suspended. */
export function stayMsOf(n: number): number {
  const draw = amountOf(n, "stay");
  return draw % 5 === 0 ? 2_050 + (draw % 400) : 20 + (draw % 300);
}

/** How long a callback is waited for that may come too late. */
export function lateMsOf(n: number): number {
  return 2_100 + (amountOf(n, "late") % 900);
}

/** One run in this many carries a value that is too large for the table. */
const LARGE_VALUE_EVERY = 4;
const LARGE_VALUE_CHARS = 40_000;

/** What a step gives: another number for each run and step. */
export function amountOf(n: number, step: string): number {
  let value = n + 1;
  for (const char of step) value = (value * 31 + char.charCodeAt(0)) % 1_000_003;
  return value;
}

/** How many attempts of a step fail before one succeeds. */
export function failuresOf(n: number, step: string): number {
  const draw = amountOf(n, step) % 16;
  return draw === 0 ? 2 : draw < 3 ? 1 : 0;
}

/** The first suspends the run, the second is waited for in the process. */
export function sleepsOf(n: number): readonly [longMs: number, shortMs: number] {
  return [2_100 + (amountOf(n, "long") % 2_900), 50 + (amountOf(n, "short") % 450)];
}

export function signalsOf(scenario: Role, n: number): readonly Sent[] {
  if (scenario !== "signals") return [];
  return [
    { name: "go", amount: amountOf(n, "first") },
    { name: "go", amount: amountOf(n, "second") },
    { name: "done", amount: amountOf(n, "done") },
  ];
}

/** Text that hardly compresses, the same for the same run. */
export function fillerOf(n: number): string {
  if (n % LARGE_VALUE_EVERY !== 0) return "";
  let state = n + 1;
  let text = "";
  while (text.length < LARGE_VALUE_CHARS) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    text += state.toString(36);
  }
  return text;
}

/** The value that a run must end with; `told` is what the outside gave it. */
export function expectedOf(scenario: Role, n: number, told: readonly number[] = []): number {
  const ofSteps = STEPS[scenario].map((step) => amountOf(n, step));
  const ofSignals = [...signalsOf(scenario, n).map(({ amount }) => amount), ...told];
  if (scenario === "children") ofSignals.push(expectedOf("errand", childOf(n, "own")));
  const filler = scenario === "parallel" ? fillerOf(n).length : 0;
  return [...ofSteps, ...ofSignals].reduce((sum, value) => sum + value, filler);
}
