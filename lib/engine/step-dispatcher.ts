// Sends dispatched steps to their step handlers. The entry `step.dispatched` is in the journal before (J4), and the
// message is sent before META vouches for the entry with `lastSeq`. So a message is missing only when an activation died
// between the two, or when it was lost: then it is sent again, by the next activation or by the check that the sweeper
// sees to (`checkAt`). A handler that has it holds a claim, so a second message runs nothing.
import type { StepClaim } from "../ports/journal.ts";
import type { Run } from "../ports/run.ts";
import type { StepCall } from "./call.ts";
import type { Engine } from "./engine.ts";
import { writeMessage } from "./messages.ts";

export class StepDispatcher {
  readonly #engine: Engine;
  /** As it was claimed. */
  readonly #run: Run;
  readonly #claims: readonly StepClaim[];
  /** Positions of the entries whose message needs no more sending here. */
  readonly #sent = new Set<number>();

  constructor(engine: Engine, run: Run, claims: readonly StepClaim[]) {
    this.#engine = engine;
    this.#run = run;
    this.#claims = claims;
  }

  /** `calls` are dispatched and unanswered. */
  async send(calls: readonly StepCall[]): Promise<void> {
    for (const call of calls) {
      if (call.state.at !== "dispatched" || call.on === undefined) continue;
      const { seq } = call.state;
      if (this.#sent.has(seq) || this.#wasSentBefore(seq)) continue;
      if (!this.#isClaimed(seq)) {
        const request = {
          runId: this.#run.runId,
          seq,
          handler: call.on,
          idempotencyKey: call.idempotencyKey,
        };
        const queue = this.#engine.ports.stepHandlers.get(call.on);
        await queue?.send(writeMessage({ kind: "step", ...request }));
      }
      this.#sent.add(seq);
    }
  }

  /** By whoever suspended the run last; only a check that is due doubts that it arrived. */
  #wasSentBefore(seq: number): boolean {
    const { checkAt, lastSeq } = this.#run;
    const isCheckDue = checkAt !== undefined && checkAt <= this.#engine.ports.clock.now();
    return seq <= lastSeq && !isCheckDue;
  }

  #isClaimed(seq: number): boolean {
    const now = this.#engine.ports.clock.now();
    return this.#claims.some((claim) => claim.seq === seq && claim.leaseUntil > now);
  }
}
