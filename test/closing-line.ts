/**
 * The last line of every test run: `N passed, N failed`, with `, N skipped` when something was. A run of several projects
 * has such a line for each of them before it.
 *
 * Owns that line, plain and alone, for people and scripts that read only the end of a log, and before it one line for each
 * test that has figures to tell. Everything else that a run prints belongs to vitest's default reporter, which must stand
 * before this one in `reporters`.
 *
 * It counts tests. What fails without being a test counts as one failed each, so that the line never says
 * `0 failed` over a run that failed: a file that cannot be imported, a hook that throws, an error nobody caught.
 */
import type { SerializedError } from "vitest";
import type { Reporter, TestModule } from "vitest/node";

declare module "vitest" {
  interface TaskMeta {
    /** A line for the end of the log, whether the test passes or not. */
    figures?: string;
  }
}

export class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    for (const module of modules)
      for (const test of module.children.allTests()) {
        const { figures } = test.meta();
        if (figures !== undefined) process.stdout.write(`${figures}\n`);
      }
    const projects = Map.groupBy(modules, (module) => module.project.name);
    if (projects.size > 1) {
      for (const [name, own] of projects) process.stdout.write(`${name}: ${closingLine(own, 0)}\n`);
    }
    process.stdout.write(`${closingLine(modules, unhandledErrors.length)}\n`);
  }
}

function closingLine(modules: readonly TestModule[], otherFailures: number): string {
  let passed = 0;
  let skipped = 0;
  let failed = otherFailures;
  for (const module of modules) {
    if (module.errors().length > 0) failed += 1;
    for (const suite of module.children.allSuites()) {
      if (suite.errors().length > 0) failed += 1;
    }
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      if (state === "passed") passed += 1;
      else if (state === "failed") failed += 1;
      else skipped += 1; // also a test that never got its turn
    }
  }
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}
