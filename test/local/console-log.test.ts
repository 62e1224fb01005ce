import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import { type ConsoleLogOptions, consoleLog, silentLog } from "../../lib/local/console-log.ts";

function record(options: ConsoleLogOptions = {}) {
  const lines: string[] = [];
  const write = (line: string) => lines.push(stripVTControlCharacters(line));
  return { lines, log: consoleLog({ write, now: () => Date.UTC(2026, 0, 1, 14, 3, 7, 120), ...options }) };
}

test("an event is one line: time, level, message, fields", () => {
  const { lines, log } = record();
  log.info("run started", { run: "run_01", attempt: 2, ok: true });
  log.warn("slow");
  expect(lines).toEqual([
    "14:03:07.120 info  run started  run=run_01 attempt=2 ok=true",
    "14:03:07.120 warn  slow",
  ]);
});

test("values that could be misread, and messages of several lines, stay on one line", () => {
  const { lines, log } = record();
  log.error("first\n  second", {
    empty: "",
    spaced: "a b",
    forged: "x\ny=1",
    none: undefined,
    list: [1, "a"],
  });
  expect(lines).toEqual([
    '14:03:07.120 error first ⏎ second  empty="" spaced="a b" forged="x\\ny=1" list=[1,"a"]',
  ]);
});

test("an error shows its name and message, and what cannot be printed does not throw", () => {
  const { lines, log } = record();
  const cycle: Record<string, unknown> = {};
  cycle["self"] = cycle;
  log.error("no", { error: new TypeError("bad thing"), big: 10n, cycle, nothing: null });
  expect(lines).toEqual([
    '14:03:07.120 error no  error="TypeError: bad thing" big=10 cycle=[unprintable] nothing=null',
  ]);
});

test("lines below the level are dropped", () => {
  const { lines, log } = record({ level: "warn" });
  log.debug("a");
  log.info("b");
  log.warn("c");
  log.error("d");
  expect(lines).toHaveLength(2);
});

test("a log with fields adds them to every line, the line's own winning", () => {
  const { lines, log } = record();
  log.with({ run: "r1", step: "a" }).with({ attempt: 1 }).info("x", { step: "b" });
  expect(lines).toEqual(["14:03:07.120 info  x  run=r1 step=b attempt=1"]);
});

test("the silent log says nothing, with fields too", () => {
  for (const level of ["debug", "info", "warn", "error"] as const) silentLog.with({ a: 1 })[level]("x");
});
