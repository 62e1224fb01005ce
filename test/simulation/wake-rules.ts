// What must hold of leases and wake-ups at every write, and whenever the world rests (docs/design/protocol.md: W1 to
// W4, C1), whatever the faults.

import { readMessage } from "../../lib/engine/messages.ts";
import { isClosed, type Run } from "../../lib/ports/run.ts";
import type { Handlers, SeenBy } from "./seen-call.ts";

export class WakeRules {
  readonly #complain: (what: string) => void;
  /** Wake-ups that were sent, as far as their senders know: run and number. */
  readonly #sent = new Set<string>();
  readonly #armed = new Set<string>();
  /** Runs that somebody has let go, and has not announced yet. */
  readonly #letGo = new Set<string>();

  constructor(complain: (what: string) => void) {
    this.#complain = complain;
  }

  readonly handlers: Handlers = {
    "wakeUps.send": ({ args: [body] }) => this.#announced(body),
    "timers.arm": ({ args: [{ name }] }) => {
      this.#armed.add(name);
    },
    "runs.claim": (seen) => this.#claimed(seen),
    "runs.suspend": (seen) => this.#suspended(seen),
    "runs.resume": ({ args: [{ runId }], answer }) => {
      if (answer !== undefined) this.#letGo.add(runId);
    },
    "runs.close": ({ answer, before, args: [{ runId, fence }] }) => {
      if (answer.ok && before?.fence !== fence) this.#complain(`J1: ${runId} was closed by fence ${fence}`);
    },
    "runs.raise": ({ answer, before, args: [{ runId }] }) => {
      if (answer !== undefined && before !== undefined && isClosed(before.status))
        this.#complain(`C1: ${runId} was woken after its end`);
    },
  };

  /** `bodies` are all wake-ups there are; `areAllThere` is false when a fault has lost some. */
  rest(run: Run, bodies: readonly string[], areAllThere: boolean): void {
    if (isClosed(run.status) !== (run.sweepAt === undefined))
      this.#complain(`W4: ${run.runId} is ${run.status} and its place in the sweep index is ${run.sweepAt}`);
    // Who holds a paused run and dies leaves no message behind: whoever lets it go sends one.
    if (run.leaseUntil === undefined || run.paused === true || this.#letGo.has(run.runId) || !areAllThere)
      return;
    const isAnnounced = bodies.some((body) => {
      const message = readMessage(body);
      return message?.kind === "wake-up" && message.runId === run.runId && message.n > run.handled;
    });
    if (!isAnnounced) this.#complain(`W2: ${run.runId} is leased and no message for it exists`);
  }

  #announced(body: string): void {
    const message = readMessage(body);
    if (message?.kind !== "wake-up") return;
    this.#sent.add(`${message.runId} ${message.n}`);
    this.#letGo.delete(message.runId);
  }

  #claimed({ args: [{ runId, n, now }], answer, before }: SeenBy<"runs.claim">): void {
    if (!answer.ok || before === undefined) return;
    if (isClosed(before.status)) this.#complain(`C1: ${runId} was claimed after its end`);
    if (n <= before.handled) this.#complain(`W2: ${runId} was claimed with ${n}, which was handled`);
    if (before.leaseUntil !== undefined && before.leaseUntil > now)
      this.#complain(`J1: the live lease of ${runId} was taken`);
    if (answer.run.fence <= before.fence) this.#complain(`J1: the fence of ${runId} did not rise`);
    if (answer.run.wake < n) this.#complain(`W2: wake of ${runId} is behind ${n}`);
  }

  #suspended({ args: [suspension], answer, before }: SeenBy<"runs.suspend">): void {
    const { runId, fence, seen, wake, nextWakeAt, timer, status } = suspension;
    if (!answer.ok) return;
    const isRepeated = before?.fence === fence && before.leaseUntil === undefined && before.handled === seen;
    if (before === undefined || isRepeated) return;
    if (before.fence !== fence) this.#complain(`J1: ${runId} was suspended by fence ${fence}`);
    if (before.wake !== seen)
      this.#complain(`W1: ${runId} was suspended and cause ${before.wake} was not seen`);
    // A paused run is woken by whoever lets it go.
    const needsMessage =
      (status === "pending" && before.paused !== true) || (nextWakeAt !== undefined && timer === undefined);
    if (needsMessage && !this.#sent.has(`${runId} ${wake}`))
      this.#complain(`W3: ${runId} was suspended before message ${wake} was sent`);
    if (timer !== undefined && !this.#armed.has(timer.name))
      this.#complain(`W3: ${runId} was suspended before timer ${timer.name} was armed`);
  }
}
