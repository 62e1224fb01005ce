// In a process of its own: the test runner has its own opinion of rejections.
import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const MODULE = path.resolve(import.meta.dirname, "../../lib/lambda/rejections.ts");

/** What Lambda's runtime does before it loads a function, then what a workflow may do. */
const SCRIPT = `
  process.on("unhandledRejection", () => process.exit(128));
  const { surviveRejections } = await import(${JSON.stringify(MODULE)});
  const lines = [];
  const log = { warn: (message, fields) => lines.push(message + ": " + JSON.stringify(fields)) };
  surviveRejections(log);
  surviveRejections(log);
  void Promise.reject(new Error("a secret"));
  setImmediate(() => console.log(JSON.stringify(lines)));
`;

it("a rejection that nobody awaits is logged once, by its name, and does not end the process", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", SCRIPT]);
  expect(JSON.parse(stdout)).toEqual([
    expect.stringMatching(/^a rejection that nobody awaited: \{"error":"Error","where":"[^"]*"\}$/),
  ]);
});
