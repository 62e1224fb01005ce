// `perdure dev` in a process and a folder of its own, for tests that kill it, start it again and change its files.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { onTestFinished } from "vitest";

const ROOT = path.join(import.meta.dirname, "..", "..");
const READY = /Perdure is ready at (\S+)/;

export class Folder {
  readonly path = mkdtempSync(path.join(tmpdir(), "perdure-dev-"));

  constructor() {
    // As npm would have installed it.
    mkdirSync(path.join(this.path, "node_modules"));
    symlinkSync(ROOT, path.join(this.path, "node_modules", "perdure"), "dir");
    this.write("package.json", '{ "type": "module" }');
    onTestFinished(() => rmSync(this.path, { recursive: true, force: true }));
  }

  write(file: string, text: string): void {
    writeFileSync(path.join(this.path, file), text);
  }

  has(file: string): boolean {
    return existsSync(path.join(this.path, file));
  }

  /** Runs `perdure dev` until it is ready or has ended. */
  async start(...args: readonly string[]): Promise<DevServer> {
    const command = ["--conditions=perdure-source", path.join(ROOT, "bin", "perdure.ts"), "dev"];
    const options = args.includes("--port") ? args : ["--port", "0", ...args];
    const child = spawn(process.execPath, [...command, ...options], { cwd: this.path });
    const server = new DevServer(child);
    onTestFinished(async () => {
      await server.end("SIGKILL");
    });
    await server.ready;
    return server;
  }
}

export class DevServer {
  readonly ready: Promise<void>;
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  #output = "";

  constructor(child: ChildProcess) {
    this.#child = child;
    this.#ended = once(child, "exit");
    this.ready = new Promise((resolve) => {
      const hear = (chunk: Buffer) => {
        this.#output += chunk.toString();
        if (READY.test(this.#output)) resolve();
      };
      child.stdout?.on("data", hear);
      child.stderr?.on("data", hear);
      child.once("close", () => resolve());
    });
  }

  /** Both streams, so far. */
  get output(): string {
    return this.#output;
  }

  get url(): string {
    const url = READY.exec(this.#output)?.[1];
    if (url === undefined) throw new Error(`The server is not ready:\n${this.#output}`);
    return url;
  }

  /** Nothing while it runs; -1 when a signal ended it. */
  get exitCode(): number | undefined {
    if (this.#child.signalCode !== null) return -1;
    return this.#child.exitCode ?? undefined;
  }

  async end(signal: NodeJS.Signals): Promise<number | undefined> {
    if (this.exitCode === undefined) this.#child.kill(signal);
    await this.#ended;
    return this.exitCode;
  }

  async get(address: string): Promise<Response> {
    return await fetch(this.url + address);
  }

  async post(address: string, body: unknown): Promise<Response> {
    const headers = { "content-type": "application/json" };
    return await fetch(this.url + address, { method: "POST", headers, body: JSON.stringify(body) });
  }
}
