// The command line as people run it: a process of its own.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const root = path.join(import.meta.dirname, "..", "..");

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function perdure(...args: readonly string[]): Promise<Ended> {
  const command = ["--conditions=perdure-source", path.join(root, "bin", "perdure.ts"), ...args];
  try {
    return { code: 0, ...(await promisify(execFile)(process.execPath, command)) };
  } catch (error) {
    return error as Ended;
  }
}

test("explain prints the page of a code", async () => {
  const { stdout } = await perdure("explain", "E_POISON");
  expect(stdout).toBe(readFileSync(path.join(root, "docs", "errors", "E_POISON.md"), "utf8"));
  expect((await perdure("explain", "e_poison")).stdout).toBe(stdout);
});

test("explain of a code that does not exist lists those that do, and fails", async () => {
  const { code, stderr } = await perdure("explain", "constructor");
  expect(code).toBe(1);
  expect(stderr).toContain("E_NONDETERMINISM");
});

test("--version is the version of the package", async () => {
  const { version } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));
  expect((await perdure("--version")).stdout.trim()).toBe(version);
});

test("dev says what is wrong with what it was given, and fails", async () => {
  const missing = await perdure("dev", "nix/*.ts");
  expect(missing.code).toBe(1);
  expect(missing.stderr).toContain("No file fits nix/*.ts");
  expect((await perdure("dev", "--port", "http")).stderr).toContain("from 0 to 65535");
});
