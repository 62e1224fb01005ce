// What the runs of chaos are and what must come of them, computed without the engine. A run is a scenario and a number;
// both decide its steps, how often each fails, its signals and its value.

export const SCENARIOS = ["steps", "sleeps", "signals", "parallel"] as const;
export type Scenario = (typeof SCENARIOS)[number];

export interface Sent {
  readonly name: "go" | "done";
  readonly amount: number;
}

/** Steps of each scenario in the order of the code; the last one of each is called `last`. */
export const STEPS: Readonly<Record<Scenario, readonly string[]>> = {
  steps: ["s1", "s2", "s3", "s4", "last"],
  sleeps: ["before", "between", "last"],
  signals: ["before", "between", "last"],
  parallel: ["p1", "p2", "p3", "p4", "p5", "boat", "last"],
};

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

export function signalsOf(scenario: Scenario, n: number): readonly Sent[] {
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

/** The value that a run must end with. */
export function expectedOf(scenario: Scenario, n: number): number {
  const ofSteps = STEPS[scenario].map((step) => amountOf(n, step));
  const ofSignals = signalsOf(scenario, n).map(({ amount }) => amount);
  const filler = scenario === "parallel" ? fillerOf(n).length : 0;
  return [...ofSteps, ...ofSignals].reduce((sum, value) => sum + value, filler);
}
