// How a conformance suite registers its tests: one title is one behaviour of the port's contract, and a subject that
// differs says so by that title and gives the reason, which then shows in the report. A skip that names no test is a
// mistake (the behaviour was renamed, or the reason is gone) and fails the file.
import { describe, test } from "vitest";

/** Behaviours a subject does not have: title of the test → why. */
export type Skips = Readonly<Record<string, string>>;

export interface SuiteOptions {
  readonly skips?: Skips;
  /** Longest time one test may take; real services need more than the default. @default 5,000 */
  readonly timeoutMs?: number;
}

/** What every subject may offer besides the port. */
export interface Subject {
  /** Lets `ms` pass: advances a virtual clock, or really waits. */
  wait(ms: number): Promise<void>;
  /** Frees what the subject holds; called after each test. */
  dispose?(): Promise<void> | void;
}

export type MakeSubject<S extends Subject> = () => S | Promise<S>;

/** Registers one behaviour; the body gets a subject of its own. */
export type Behaviour<S extends Subject> = (title: string, body: (subject: S) => Promise<void>) => void;

export function describeSuite<S extends Subject>(
  name: string,
  makeSubject: MakeSubject<S>,
  { skips = {}, timeoutMs = 5_000 }: SuiteOptions,
  register: (behaviour: Behaviour<S>) => void,
): void {
  const unused = new Set(Object.keys(skips));
  describe(name, () => {
    register((title, body) => {
      const reason = skips[title];
      unused.delete(title);
      if (reason !== undefined) {
        test.skip(`${title} (not here: ${reason})`);
        return;
      }
      test(title, { timeout: timeoutMs }, async () => {
        const subject = await makeSubject();
        try {
          await body(subject);
        } finally {
          await subject.dispose?.();
        }
      });
    });
    if (unused.size > 0)
      throw new Error(`${name} skips behaviours that no test has: ${[...unused].join("; ")}`);
  });
}

/** Repeats `check` while it throws, for reads that are allowed to lag behind; a subject that never lags waits never. */
export async function eventually(subject: Subject, check: () => Promise<void>): Promise<void> {
  const attempts = 20;
  for (let attempt = 1; attempt < attempts; attempt += 1) {
    try {
      await check();
      return;
    } catch {
      await subject.wait(100 * attempt);
    }
  }
  await check();
}
