// Durations as people write them. Inside the engine everything is milliseconds.
import { MAX_DURATION_MS } from "../limits.ts";
import { PerdureError } from "./errors.ts";
import { shown } from "./options.ts";

const UNIT_MS = {
  ms: 1,
  millisecond: 1,
  s: 1_000,
  sec: 1_000,
  second: 1_000,
  m: 60_000,
  min: 60_000,
  minute: 60_000,
  h: 3_600_000,
  hour: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
  w: 604_800_000,
  week: 604_800_000,
} as const;

export interface DurationParts {
  readonly milliseconds?: number;
  readonly seconds?: number;
  readonly minutes?: number;
  readonly hours?: number;
  readonly days?: number;
  readonly weeks?: number;
}

/** `"5m"`, `"3 days"`, `"1h 30m"`, `{ hours: 1 }`, or a number of milliseconds. */
export type Duration = number | string | DurationParts;

/**
 * Reads a duration as milliseconds.
 *
 * @example
 * durationMs("1h 30m"); // 5_400_000
 * @throws E_BAD_OPTION when it is not a duration between 0 and ten years
 */
export function durationMs(duration: Duration, option = "duration"): number {
  const ms = Math.round(rawMs(duration));
  if (!Number.isFinite(ms) || ms < 0 || ms > MAX_DURATION_MS) {
    throw new PerdureError(
      "E_BAD_OPTION",
      `${option} is ${shown(duration)}; a duration is written like "5m", "3 days", { hours: 1 } or as milliseconds, from 0 to ten years.`,
    );
  }
  return ms;
}

/**
 * Reads the longest that something may take, or the distance of what is repeated. Zero is refused: others mean "no limit" by
 * it, and what may take no time at all has failed before it begins.
 *
 * @throws E_BAD_OPTION
 */
export function spanMs(duration: Duration, option: string, otherwise = ""): number {
  const ms = durationMs(duration, option);
  if (ms > 0) return ms;
  throw new PerdureError(
    "E_BAD_OPTION",
    `${option} is ${shown(duration)}; it must be longer than 0${otherwise}.`,
  );
}

/** One that may be left out. @throws E_BAD_OPTION */
export function limitMs(duration: Duration | undefined, option: string): number | undefined {
  return duration === undefined ? undefined : spanMs(duration, option, "; leave it out for no limit");
}

function rawMs(duration: Duration): number {
  if (typeof duration === "number") return duration;
  if (typeof duration === "string") return textMs(duration);
  if (typeof duration !== "object" || duration === null) return Number.NaN;
  const parts = Object.entries(duration);
  // An empty one says nothing, and no wait at all is what nobody would mean by it.
  if (parts.length === 0) return Number.NaN;
  let ms = 0;
  for (const [part, amount] of parts) {
    const unit = unitMs(part);
    if (unit === undefined || typeof amount !== "number") return Number.NaN;
    ms += amount * unit;
  }
  return ms;
}

function textMs(text: string): number {
  const parts = text.trim().split(/(?<=[a-z])\s*(?=\d)/i);
  let ms = 0;
  for (const part of parts) {
    const match = /^(\d+(?:\.\d+)?)\s*([a-z]+)$/i.exec(part);
    const unit = match?.[2] === undefined ? undefined : unitMs(match[2]);
    if (match === null || unit === undefined) return Number.NaN;
    ms += Number(match[1]) * unit;
  }
  return ms;
}

function unitMs(word: string): number | undefined {
  const lower = word.toLowerCase();
  const singular = lower.length > 2 && lower.endsWith("s") ? lower.slice(0, -1) : lower;
  return Object.hasOwn(UNIT_MS, singular) ? UNIT_MS[singular as keyof typeof UNIT_MS] : undefined;
}
