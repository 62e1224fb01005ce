// Waiting for what another process does: looks again and again, until a deadline.
import { setTimeout } from "node:timers/promises";

const LOOK_EVERY_MS = 250;

export interface UntilOptions {
  /** What is waited for, in words. */
  readonly what: string;
  readonly withinMs: number;
}

/** The first answer of `look` that is neither nothing nor false. @throws Error when none came in time */
export async function until<T>(
  { what, withinMs }: UntilOptions,
  look: () => Promise<T | undefined | false>,
): Promise<T> {
  const deadline = Date.now() + withinMs;
  let lastError: unknown;
  for (;;) {
    try {
      const seen = await look();
      if (seen !== undefined && seen !== false) return seen;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    if (Date.now() > deadline) {
      throw new Error(`Waited ${withinMs} ms for ${what}, in vain.`, { cause: lastError });
    }
    await setTimeout(LOOK_EVERY_MS);
  }
}
