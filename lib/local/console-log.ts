// Log for people at a terminal: one line for each event, on stderr, because stdout is for results.
//
//   14:03:07.120 info  run started  run=run_01K… workflow=order
import { styleText } from "node:util";
import type { Log } from "../ports/log.ts";

type Level = "debug" | "info" | "warn" | "error";
type Fields = Readonly<Record<string, unknown>>;

const LEVELS: readonly Level[] = ["debug", "info", "warn", "error"];
const COLOURS = { debug: "gray", info: "green", warn: "yellow", error: "red" } as const;

export interface ConsoleLogOptions {
  /** Lines below it are dropped. @default "info" */
  readonly level?: Level;
  /** Where a line goes. @default - stderr, in colour when that is a terminal */
  readonly write?: (line: string) => void;
  /** Epoch ms for the time of day in front. @default Date.now */
  readonly now?: () => number;
}

export function consoleLog(options: ConsoleLogOptions = {}): Log {
  return logWith(
    {},
    { level: "info", write: (line) => process.stderr.write(`${line}\n`), now: Date.now, ...options },
  );
}

/** Says nothing. */
export const silentLog: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  with: () => silentLog,
};

function logWith(common: Fields, options: Required<ConsoleLogOptions>): Log {
  const at =
    (level: Level) =>
    (message: string, fields: Fields = {}) => {
      if (LEVELS.indexOf(level) < LEVELS.indexOf(options.level)) return;
      options.write(writeLine(level, message, { ...common, ...fields }, options.now()));
    };
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    with: (fields) => logWith({ ...common, ...fields }, options),
  };
}

function writeLine(level: Level, message: string, fields: Fields, now: number): string {
  const time = new Date(now).toISOString().slice(11, 23);
  const pairs = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${writeValue(value)}`);
  const head = `${time} ${styleText(COLOURS[level], level.padEnd(5), { stream: process.stderr })} ${oneLine(message)}`;
  return pairs.length === 0 ? head : `${head}  ${pairs.join(" ")}`;
}

/** Plain when that cannot be misread, otherwise as JSON; never more than one line. */
function writeValue(value: unknown): string {
  if (value instanceof Error) return JSON.stringify(`${value.name}: ${value.message}`);
  if (typeof value === "bigint") return String(value);
  if (typeof value === "string") return /^[^\s"=\p{Cc}]+$/u.test(value) ? value : JSON.stringify(value);
  return safeJson(value);
}

function safeJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    // Cycles and the like: a log must not throw.
    return "[unprintable]";
  }
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*[\r\n]+\s*/g, " ⏎ ");
}
