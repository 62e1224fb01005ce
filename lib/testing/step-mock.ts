// Stand-ins for the bodies of steps. Only the body is replaced: its outcome is recorded, retried and timed out by the
// engine as that of the real one.
import type { Clock } from "../ports/clock.ts";
import { type Duration, durationMs } from "../sdk/duration.ts";
import { PerdureError } from "../sdk/errors.ts";
import { checkName } from "../sdk/names.ts";
import { checkKeys } from "../sdk/options.ts";
import type { StepBody } from "../sdk/step.ts";

interface Takes {
  /** Virtual time that the body takes before it ends. @default none */
  readonly takes?: Duration;
}

/** A body of its own, which sees the attempt; or what every attempt comes to. */
export type StepMock<T = unknown> =
  | StepBody<T>
  | (Takes & { readonly returns: T })
  /** What is thrown: an Error, a `TerminalError`, anything. */
  | (Takes & { readonly fails: unknown });

/** @throws E_BAD_OPTION when it is none */
export function checkMock(step: string, mock: StepMock): void {
  if (typeof mock === "function") return;
  const what = `The mock of step "${step}"`;
  if (typeof mock !== "object" || mock === null || "returns" in mock === "fails" in mock) {
    throw new PerdureError("E_BAD_OPTION", `${what} must be a function, { returns } or { fails }.`);
  }
  checkKeys(what, mock, ["returns", "fails", "takes"]);
  if (mock.takes !== undefined) durationMs(mock.takes, `takes of the mock of step "${step}"`);
}

/** What runs instead of the body. */
export function bodyOfMock(mock: StepMock, clock: Clock): StepBody<unknown> {
  if (typeof mock === "function") return mock;
  return async ({ signal }) => {
    if (mock.takes !== undefined) await clock.sleep(durationMs(mock.takes), signal);
    if ("returns" in mock) return mock.returns;
    throw mock.fails;
  };
}

/** The mocks of one environment, by workflow and by the step's name; a repeated name is one mock for all its occurrences. */
export class StepMocks {
  readonly #mocks = new Map<string, StepMock>();
  readonly #unused = new Set<string>();

  /** Replaces what was there. @throws E_BAD_NAME, E_BAD_OPTION */
  set(workflow: string, step: string, mock: StepMock): void {
    checkName("step", step);
    checkMock(step, mock);
    const key = keyOf(workflow, step);
    this.#mocks.set(key, mock);
    this.#unused.add(key);
  }

  /** The mock that runs now, if there is one. */
  use(workflow: string, step: string): StepMock | undefined {
    const key = keyOf(workflow, step);
    this.#unused.delete(key);
    return this.#mocks.get(key);
  }

  /** `workflow/step` of those that never ran. */
  unused(): string[] {
    return [...this.#unused];
  }
}

/** Neither name holds a '/'. */
function keyOf(workflow: string, step: string): string {
  return `${workflow}/${step}`;
}
