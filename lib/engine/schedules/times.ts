// Which times a plan has: cron in its time zone, a rate, one time. Cron is croner's; here stands how it is to be read.
//
// When clocks are put forward, a fixed time that does not exist that day ("30 2 * * *") is kept at the first instant that
// does. When they are put back, a fixed time that comes twice is kept at its first. What goes on through the day ("0 * * * *",
// "*/10 2 * * *") is kept at every instant at which the clock shows it: in an hour that comes twice it goes on, what lies in
// a gap is left out.
//
// Time zone data changes, so that the same question may have another answer tomorrow: what is answered here is recorded
// before anything depends on it (workflow.ts).
import { Cron } from "croner";
import { PerdureError } from "../../sdk/errors.ts";
import type { Plan } from "./plan.ts";

/** What a plan's times are made of. */
export type Times = Pick<Plan, "cron" | "timeZone" | "every" | "at" | "from" | "until">;

/** The first time after `after`, epoch ms; a rate without `from` is counted from `anchor`. */
export function nextTime(times: Times, after: number, anchor: number): number | undefined {
  const { from, until } = times;
  const next = unbounded(times, from === undefined ? after : Math.max(after, from - 1), anchor);
  return next === undefined || (until !== undefined && next > until) ? undefined : next;
}

/** The first time after `after` up to `to`, whatever `from` and `until` say. */
export function nextWithin(times: Times, after: number, to: number, anchor: number): number | undefined {
  const { from: start, until: _, ...open } = times;
  const next = unbounded(open, after, start ?? anchor);
  return next !== undefined && next <= to ? next : undefined;
}

/** Times after `after`, in order, up to and with `to`; at most `most`. */
export function* timesUpTo(times: Times, after: number, to: number, anchor: number, most: number) {
  let time: number | undefined = after;
  for (let count = 0; count < most; count += 1) {
    time = nextTime(times, time, anchor);
    if (time === undefined || time > to) return;
    yield time;
  }
}

function unbounded({ cron, timeZone, every, at, from }: Times, after: number, anchor: number) {
  if (cron !== undefined) return cronOf(cron, timeZone).nextRun(new Date(after))?.getTime();
  if (every !== undefined) {
    const start = from ?? anchor;
    return start + (Math.floor((after - start) / every) + 1) * every;
  }
  return at !== undefined && at > after ? at : undefined;
}

/** @throws E_BAD_OPTION that says which part of it cannot be read */
export function checkCron(cron: unknown, timeZone: unknown): void {
  if (timeZone !== undefined && !isTimeZone(timeZone)) {
    throw new PerdureError(
      "E_BAD_OPTION",
      `timeZone of the schedule is ${JSON.stringify(timeZone)}; it must be an IANA name such as "Europe/Berlin" or "UTC".`,
    );
  }
  const what = `cron of the schedule is ${JSON.stringify(cron)}`;
  if (typeof cron !== "string" || !/^\S+( +\S+){4,5}$/.test(cron.trim())) {
    throw new PerdureError(
      "E_BAD_OPTION",
      `${what}; it must have five fields, minute, hour, day of the month, month and day of the week, or six with the second before them.`,
    );
  }
  try {
    cronOf(cron, "UTC");
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/^CronPattern: /, "") : String(error);
    throw new PerdureError("E_BAD_OPTION", `${what}, which cannot be read: ${why.replace(/\.$/, "")}.`);
  }
}

function isTimeZone(name: unknown): name is string {
  if (typeof name !== "string" || !/^[A-Za-z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

function cronOf(cron: string, timeZone = "UTC"): Cron {
  return new Cron(cron.trim(), {
    timezone: timeZone,
    paused: true,
    mode: "5-or-6-parts",
    // As Vixie cron has it: "30 2,14 * * *" names two times, and does not go on through the day.
    fixedTimeRule: "no-wildcard",
  });
}
