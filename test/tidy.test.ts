// The house keeps its own rules: which room may use which, how large a file may be, and what only adapters may touch.
// The reasons are in docs/design/house.md.
import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { ERROR_CODES } from "../lib/sdk/errors.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const MAX_LINES = 500;

/** What each room may import besides itself and the files at the top of lib/. */
const MAY_USE: Readonly<Record<string, readonly string[]>> = {
  sdk: ["ports"],
  ports: [],
  engine: ["sdk", "ports"],
  aws: ["sdk", "ports", "engine"],
  local: ["sdk", "ports", "engine", "api"],
  api: ["sdk", "ports", "engine"],
  lambda: ["sdk", "ports", "engine", "aws", "api", "local/system-clock.ts", "local/system-random.ts"],
  cdk: ["engine/settings.ts", "sdk/errors.ts", "sdk/duration.ts", "lambda/variables.ts"],
  cli: ["local", "sdk"],
  testing: ["sdk", "ports", "engine", "local"],
};
/** Packages that one room keeps to itself. */
const OWN_PACKAGES: readonly (readonly [prefix: string, rooms: readonly string[]])[] = [
  ["@aws-sdk/", ["aws"]],
  ["aws-cdk-lib", ["cdk"]],
  ["constructs", ["cdk"]],
  ["hono", ["api", "local", "lambda"]],
  ["node:sqlite", ["local"]],
  ["commander", ["cli"]],
  ["croner", ["engine"]],
];
const HOST_ROOMS = ["local", "aws", "lambda", "cli", "cdk"];
const BANNED = [
  /\bDate\.now\(/,
  /\bnew Date\(\)/,
  /\bMath\.random\(/,
  /\bcrypto\./,
  /\bset(Timeout|Interval|Immediate)\(/,
  /\bprocess\.env\b/,
];
/** SHA-256 is no chance: the one file of the engine that uses node:crypto. */
const HASHES = "lib/engine/digest.ts";

const sources = globSync("{lib,functions,bin,test,examples}/**/*.ts", { cwd: ROOT })
  .filter((path) => !path.includes("node_modules"))
  .map((path) => ({ path: path.replaceAll("\\", "/"), text: readFileSync(join(ROOT, path), "utf8") }));
const roomOf = (path: string) => /^lib\/([^/]+)\//.exec(path)?.[1];
const importsOf = (text: string) =>
  [...text.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map((match) => match[1] ?? "");

describe("the house", () => {
  it("is looked at as a whole", () => {
    expect(sources.length).toBeGreaterThan(150);
  });

  it("lets imports run one way", () => {
    const faults = sources.flatMap(({ path, text }) => {
      const room = roomOf(path);
      if (room === undefined) return [];
      return importsOf(text)
        .filter((name) => name.startsWith("."))
        .map((name) => relative(join(ROOT, "lib"), resolve(ROOT, dirname(path), name)).replaceAll("\\", "/"))
        .filter((target) => {
          const inside = target.startsWith(`${room}/`) || !target.includes("/");
          const allowed = MAY_USE[room]?.some((use) => target === use || target.startsWith(`${use}/`));
          return !inside && allowed !== true;
        })
        .map((target) => `${path} uses ${target}`);
    });
    expect(faults).toEqual([]);
  });

  it("keeps each outside package in its room", () => {
    const faults = sources.flatMap(({ path, text }) => {
      const room = roomOf(path);
      if (room === undefined) return [];
      return importsOf(text).flatMap((name) =>
        OWN_PACKAGES.filter(
          ([prefix, rooms]) =>
            (name === prefix || name.startsWith(`${prefix.replace(/\/$/, "")}/`)) && !rooms.includes(room),
        ).map(() => `${path} uses ${name}`),
      );
    });
    expect(faults).toEqual([]);
  });

  it("asks time, chance and environment only where the outside is", () => {
    const faults = sources.flatMap(({ path, text }) => {
      const room = roomOf(path);
      if (room === undefined || HOST_ROOMS.includes(room) || path === HASHES) return [];
      const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
      return BANNED.filter((banned) => banned.test(code)).map((banned) => `${path} has ${banned.source}`);
    });
    expect(faults).toEqual([]);
  });

  it("has small files, and entry points that only wire", () => {
    const faults = sources
      .map(({ path, text }) => ({ path, lines: text.split("\n").length }))
      .filter(({ path, lines }) => lines > (path.startsWith("functions/") ? 40 : MAX_LINES));
    expect(faults).toEqual([]);
  });

  it("is imported by nobody from functions, bin and cli", () => {
    const faults = sources.flatMap(({ path, text }) =>
      path.startsWith("lib/") && !path.startsWith("lib/cli/")
        ? importsOf(text)
            .filter((name) => /(^|\/)(functions|bin|cli)\//.test(name))
            .map((name) => `${path} uses ${name}`)
        : [],
    );
    expect(faults).toEqual([]);
  });

  it("opens each file of lib with what it is about", () => {
    const faults = sources
      .filter(({ path, text }) => roomOf(path) !== undefined && !/^(\/\/|\/\*\*|#!)/.test(text))
      .map(({ path }) => path);
    expect(faults).toEqual([]);
  });

  it("uses every error code", () => {
    const text = sources
      .filter(({ path }) => path.startsWith("lib/") && !path.endsWith("sdk/errors.ts"))
      .map((source) => source.text)
      .join("\n");
    const own = readFileSync(join(ROOT, "lib/sdk/errors.ts"), "utf8");
    const unused = Object.keys(ERROR_CODES).filter(
      (code) => !text.includes(code) && !own.includes(`"${code}"`),
    );
    expect(unused).toEqual([]);
  });
});
