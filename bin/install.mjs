// Makes `npm start`, `npm test` and the other scripts work on a fresh clone: every `pre*` script runs this file,
// and it installs when node_modules is missing or is not what package-lock.json asks for.
//
// Owns: node_modules, and the lock that keeps two scripts started together from installing at once.
// Owns not: which versions are installed; package-lock.json alone says that, and it is never written here.
//
// Plain JavaScript for any Node >= 20 without dependencies, because it runs before there are any. The Node that the
// scripts themselves run under is one of the things it installs (bin/node/package.json): npm puts node_modules/.bin
// first in PATH, so a newcomer's own Node only has to be good enough for npm and for this file.
//
// N1  Silent and quick (it reads two files) when there is nothing to do.
// N2  What is installed is read from the list that npm writes last, so an interrupted install is seen and repeated.
// N3  Anything that ends this file with success left a complete node_modules behind.

import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const OLDEST_NODE_FOR_INSTALL = [20, 0];
const OLDEST_NODE_FOR_SCRIPTS = [22, 18];
const SHOWN_OUTPUT_LINES = 30;
const LOCK_POLL_MS = 250;
const LOCK_WAIT_MS = 15 * 60_000; // longer than any install; a lock left by a dead process is broken at once

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const inRoot = (/** @type {string[]} */ ...parts) => path.join(root, ...parts);
const installedList = inRoot("node_modules", ".package-lock.json");
const nodePackage = `node-${process.platform}-${process.arch}`;
const nodeLink = inRoot("node_modules", ".bin", "node");
const lockDir = inRoot(".cache", "install.lock");

await main().catch((error) => {
  fail(
    "The install stopped.",
    error.message,
    "Put that right, or delete node_modules, and run the command again.",
  );
});

async function main() {
  if (!isAtLeast(process.versions.node, OLDEST_NODE_FOR_INSTALL)) {
    fail(
      `This is Node ${process.versions.node}.`,
      "Perdure's tools need Node 20 or newer to install themselves; they then bring their own Node 24 along.",
      "Install a current Node and run the command again.",
    );
  }
  const wanted = readPackages(inRoot("package-lock.json"));
  if (wanted === undefined) {
    fail(
      "package-lock.json is missing or unreadable.",
      "It says what to install.",
      "Restore it: git checkout package-lock.json",
    );
  }
  if (findMismatch(wanted) === undefined) return checkNode(wanted);

  await acquireLock();
  try {
    linkNode();
    const mismatch = findMismatch(wanted); // again: whoever held the lock before us may have done the work
    if (mismatch !== undefined) await install(mismatch, wanted);
  } finally {
    releaseLock();
  }
  checkNode(wanted);
}

/** Says what keeps node_modules from being what the lockfile asks for on this machine; undefined when nothing does. */
function findMismatch(/** @type {Record<string, any>} */ wanted) {
  const installed = readPackages(installedList);
  if (installed === undefined) return "there is no node_modules yet";
  for (const [where, entry] of Object.entries(wanted)) {
    if (!where.includes("node_modules/") || entry.link) continue; // the root and the workspaces
    const found = installed[where];
    if (found === undefined) {
      if (isNeededHere(entry)) return `${where} is not installed`;
    } else if (found.version !== entry.version || (entry.integrity ?? found.integrity) !== found.integrity) {
      return `${where} is ${found.version}, package-lock.json asks for ${entry.version}`;
    }
  }
  if (isNodeLocked(wanted) && !existsSync(nodeLink)) return "node_modules/.bin/node is missing";
  return undefined;
}

/** npm leaves optional packages out where they do not fit. Of those, only one made for this machine is missed. */
function isNeededHere(/** @type {any} */ entry) {
  if (entry.optional !== true) return true;
  return entry.os !== undefined && entry.libc === undefined && fitsMachine(entry);
}

function fitsMachine(/** @type {any} */ entry) {
  return allows(entry.os, process.platform) && allows(entry.cpu, process.arch);
}

function allows(/** @type {string | string[] | undefined} */ rule, /** @type {string} */ name) {
  if (rule === undefined) return true;
  const list = [rule].flat();
  return list.includes(name) || (list.every((item) => item.startsWith("!")) && !list.includes(`!${name}`));
}

async function install(/** @type {string} */ mismatch, /** @type {Record<string, any>} */ wanted) {
  const count = Object.keys(wanted).length;
  console.log(
    `Installing up to ${count} packages and Node 24 into node_modules, about a minute (${mismatch}) ...`,
  );
  // Not `npm ci`, which deletes node_modules under whoever is using it. `install --no-save` takes what the lockfile
  // names, and findMismatch verifies that it did. What an interrupted first install left behind is in its way, though.
  if (!existsSync(installedList))
    rmSync(inRoot("node_modules"), { recursive: true, force: true, maxRetries: 3 });
  // --include: also with NODE_ENV=production or an `omit` setting. --engine-strict=false: npm itself may run on Node 20.
  const options = ["install", "--no-save", "--include=dev", "--include=optional", "--engine-strict=false"];
  const { code, output } = await runNpm([...options, "--no-audit", "--no-fund", "--loglevel=error"]);
  linkNode();
  const left = code === 0 ? findMismatch(wanted) : undefined;
  if (code === 0 && left === undefined) return;
  fail(
    code === 0 ? `npm install succeeded, but ${left}.` : `npm install failed (exit code ${code}).`,
    code === 0
      ? "package.json and package-lock.json disagree, or npm left something out."
      : explainFailure(output),
    "Put that right and run the command again; plain `npm install` shows everything and brings the lockfile up to date.",
    output.split("\n").slice(0, SHOWN_OUTPUT_LINES).join("\n"),
  );
}

function explainFailure(/** @type {string} */ output) {
  if (
    /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|network/i.test(output)
  ) {
    return "The package registry could not be reached: no network, or a proxy npm does not know (npm config get proxy).";
  }
  if (/ENOSPC/.test(output)) return "The disk is full.";
  if (/EACCES|EPERM|EROFS/.test(output)) return `npm may not write to ${inRoot("node_modules")}.`;
  if (/E404|ETARGET|notarget/i.test(output))
    return "The configured registry does not have one of the packages.";
  return "npm's own words are above.";
}

/** Runs the npm that started us, or the one in PATH. Its output is kept back, and shown only when it fails. */
function runNpm(/** @type {string[]} */ args) {
  const cli = process.env.npm_execpath ?? "";
  const isNpm = /npm-cli\.c?js$/.test(cli) && existsSync(cli);
  const isWindows = process.platform === "win32";
  const child = isNpm
    ? spawn(process.execPath, [cli, ...args], { cwd: root, stdio: ["ignore", "pipe", "pipe"] })
    : spawn("npm", args, { cwd: root, stdio: ["ignore", "pipe", "pipe"], shell: isWindows });
  nameOwners([process.pid, child.pid]);
  let output = "";
  child.stdout.on("data", (chunk) => (output += chunk));
  child.stderr.on("data", (chunk) => (output += chunk));
  return new Promise((resolve) => {
    child.on("error", (error) => resolve({ code: -1, output: `npm could not be started: ${error.message}` }));
    child.on("close", (code) => {
      nameOwners([process.pid]);
      resolve({ code, output });
    });
  });
}

/** Where no Node comes with the packages (macOS, mostly), the system's Node runs the scripts and must be new enough. */
function checkNode(/** @type {Record<string, any>} */ wanted) {
  if (isNodeLocked(wanted) || isAtLeast(process.versions.node, OLDEST_NODE_FOR_SCRIPTS)) return;
  fail(
    `This is Node ${process.versions.node}.`,
    `Perdure needs ${OLDEST_NODE_FOR_SCRIPTS.join(".")} or newer, and brings none along for ${process.platform} on ${process.arch}.`,
    "Install Node 24 and run the command again.",
  );
}

function isNodeLocked(/** @type {Record<string, any>} */ wanted) {
  return `node_modules/${nodePackage}` in wanted;
}

/** npm 10 takes the link away again when it drops the other systems' Node packages, which claim the same name. */
function linkNode() {
  const target = inRoot("node_modules", nodePackage, "bin", "node");
  if (existsSync(target) && !existsSync(nodeLink))
    symlinkSync(path.relative(path.dirname(nodeLink), target), nodeLink);
}

/** mkdir is atomic: one process makes the folder, the others wait until it is gone or its owners, npm too, are dead. */
async function acquireLock() {
  mkdirSync(path.dirname(lockDir), { recursive: true });
  const giveUpAt = Date.now() + LOCK_WAIT_MS;
  let isWaitAnnounced = false;
  while (Date.now() < giveUpAt) {
    try {
      mkdirSync(lockDir);
      nameOwners([process.pid]);
      process.once("exit", leaveLock);
      for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => process.exit(1));
      return;
    } catch (error) {
      if (/** @type {any} */ (error).code !== "EEXIST") throw error;
    }
    if (!isWaitAnnounced) console.log("Another script is installing the packages; waiting for it ...");
    isWaitAnnounced = true;
    await new Promise((resolve) => setTimeout(resolve, LOCK_POLL_MS));
    if (isLockAbandoned()) rmSync(lockDir, { recursive: true, force: true });
  }
  fail(
    `${lockDir} has been held too long.`,
    "Another install hangs.",
    "End it, delete that folder and try again.",
  );
}

function nameOwners(/** @type {(number | undefined)[]} */ pids) {
  writeFileSync(path.join(lockDir, "pids"), pids.join(" "));
}

/** @returns {number[]} */
function readOwners() {
  try {
    return readFileSync(path.join(lockDir, "pids"), "utf8").split(" ").map(Number).filter(Boolean);
  } catch {
    return [];
  }
}

function isLockAbandoned() {
  const owners = readOwners();
  return owners.length > 0 && !owners.some(isAlive); // none: the winner of mkdir has not written them yet
}

function isAlive(/** @type {number} */ pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return /** @type {any} */ (error).code !== "ESRCH";
  }
}

function releaseLock() {
  if (readOwners()[0] === process.pid) rmSync(lockDir, { recursive: true, force: true });
}

/** Ended in the middle: end npm too, and leave the lock to be broken once npm is really gone. */
function leaveLock() {
  const [owner, npm] = readOwners();
  if (owner === process.pid && npm !== undefined && isAlive(npm)) process.kill(npm, "SIGKILL");
  else releaseLock();
}

/** @returns {Record<string, any> | undefined} */
function readPackages(/** @type {string} */ file) {
  try {
    return JSON.parse(readFileSync(file, "utf8")).packages;
  } catch {
    return undefined;
  }
}

function isAtLeast(/** @type {string} */ version, /** @type {number[]} */ [major, minor]) {
  const [actualMajor = 0, actualMinor = 0] = version.split(".").map(Number);
  return actualMajor > major || (actualMajor === major && actualMinor >= minor);
}

/** @returns {never} */
function fail(
  /** @type {string} */ what,
  /** @type {string} */ why,
  /** @type {string} */ todo,
  output = "",
) {
  if (output.trim() !== "") console.error(`\n${output.trim()}`);
  console.error(
    `\nThe packages could not be made ready.\n  what: ${what}\n  why:  ${why}\n  do:   ${todo}\n`,
  );
  process.exit(1);
}
