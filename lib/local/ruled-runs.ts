// RunStore over anything that can apply a rule to one run indivisibly. Owns nothing but the pairing of methods and
// rules; the memory and the SQLite store bring the cells.
import type { Run } from "../ports/run.ts";
import type { RunStore } from "../ports/store.ts";
import {
  abandonRule,
  claimRule,
  closeRule,
  createRule,
  pauseRule,
  postponeRule,
  type Rule,
  raiseRule,
  renewRule,
  resumeRule,
  reviveRule,
  seizeRule,
  stallRule,
  suspendRule,
} from "./run-rules.ts";

/** Where runs lie, one under each id. */
export interface RunCells {
  read(runId: string): Run | undefined;
  /** Reads the run, lets the rule decide, writes what it says: with nothing in between, and durable on return. */
  apply<Answer>(runId: string, rule: Rule<Answer>): Answer;
}

type Request<Method extends keyof RunStore> = Parameters<RunStore[Method]>[0];

export class RuledRuns implements RunStore {
  readonly #cells: RunCells;

  constructor(cells: RunCells) {
    this.#cells = cells;
  }

  async create(run: Run) {
    return this.#cells.apply(run.runId, createRule(run));
  }

  async get(runId: string) {
    return this.#cells.read(runId);
  }

  async claim(request: Request<"claim">) {
    return this.#cells.apply(request.runId, claimRule(request));
  }

  async renew(request: Request<"renew">) {
    return this.#cells.apply(request.runId, renewRule(request));
  }

  async abandon(request: Request<"abandon">) {
    this.#cells.apply(request.runId, abandonRule(request));
  }

  async suspend(suspension: Request<"suspend">) {
    return this.#cells.apply(suspension.runId, suspendRule(suspension));
  }

  async close(request: Request<"close">) {
    return this.#cells.apply(request.runId, closeRule(request));
  }

  async stall(request: Request<"stall">) {
    return this.#cells.apply(request.runId, stallRule(request));
  }

  async seize(request: Request<"seize">) {
    return this.#cells.apply(request.runId, seizeRule(request));
  }

  async raise(request: Request<"raise">) {
    return this.#cells.apply(request.runId, raiseRule(request));
  }

  async revive(request: Request<"revive">) {
    return this.#cells.apply(request.runId, reviveRule(request));
  }

  async pause(request: Request<"pause">) {
    return this.#cells.apply(request.runId, pauseRule(request));
  }

  async resume(request: Request<"resume">) {
    return this.#cells.apply(request.runId, resumeRule(request));
  }

  async postpone(request: Request<"postpone">) {
    this.#cells.apply(request.runId, postponeRule(request));
  }
}
