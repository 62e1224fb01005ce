// Side effects, counted outside: each execution of a step's body adds one line to a file before the body returns. The
// file is opened for appending and a line is short, so lines of many processes stay whole and in order.
import { appendFileSync, closeSync, openSync, readSync } from "node:fs";

export interface Execution {
  readonly runId: string;
  readonly step: string;
  readonly attempt: number;
  /** Names this very execution; it is also part of what the step records. */
  readonly execution: string;
  /** The process it happened in. */
  readonly process: string;
  /** Number of the lease it happened under; 0 where that is not known. */
  readonly holder: number;
  /** The holder before it had not given the lease back. */
  readonly tookOver: boolean;
  /** Epoch ms. */
  readonly at: number;
}

const READ_BYTES = 256 * 1024;

export function writeExecution(file: string, of: Execution): void {
  const { runId, step, attempt, execution, process, holder, tookOver, at } = of;
  appendFileSync(file, `${[runId, step, attempt, execution, process, holder, tookOver, at].join(" ")}\n`);
}

export function readExecution(line: string): Execution {
  const [runId = "", step = "", attempt, execution = "", process = "", holder, tookOver, at] =
    line.split(" ");
  return {
    runId,
    step,
    attempt: Number(attempt),
    execution,
    process,
    holder: Number(holder),
    tookOver: tookOver === "true",
    at: Number(at),
  };
}

/** The file as it grows. */
export class Effects {
  readonly path: string;
  readonly byRun = new Map<string, Execution[]>();
  count = 0;
  readonly #waiting = new Map<string, () => void>();
  #offset = 0;
  #rest = "";

  constructor(path: string) {
    this.path = path;
    appendFileSync(path, "");
  }

  /** Resolves when a run has executed a step, or after `ms`. */
  async seen(runId: string, step: string, ms: number): Promise<void> {
    if (this.byRun.get(runId)?.some((execution) => execution.step === step) === true) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const key = `${runId} ${step}`;
    const timer = setTimeout(resolve, ms);
    this.#waiting.set(key, resolve);
    await promise;
    clearTimeout(timer);
    this.#waiting.delete(key);
  }

  /** Reads what has been added. */
  readOn(): void {
    const file = openSync(this.path, "r");
    const buffer = Buffer.alloc(READ_BYTES);
    for (;;) {
      const bytes = readSync(file, buffer, 0, READ_BYTES, this.#offset);
      if (bytes === 0) break;
      this.#offset += bytes;
      const lines = (this.#rest + buffer.toString("latin1", 0, bytes)).split("\n");
      this.#rest = lines.pop() ?? "";
      for (const line of lines) this.#add(readExecution(line));
    }
    closeSync(file);
  }

  #add(execution: Execution): void {
    const { runId, step } = execution;
    this.count += 1;
    const known = this.byRun.get(runId);
    if (known === undefined) this.byRun.set(runId, [execution]);
    else known.push(execution);
    this.#waiting.get(`${runId} ${step}`)?.();
  }
}
