// A call of a port by a process, and what a fault makes of it. Every call of every process passes here.

import { MAX_QUEUE_DELAY_MS } from "../../lib/limits.ts";
import type { OutgoingEvent } from "../../lib/ports/events.ts";
import type { TransactionAnswer } from "../../lib/ports/store.ts";
import type { Timer } from "../../lib/ports/timers.ts";
import type { Fault } from "./fault.ts";
import type { SimClock } from "./sim-clock.ts";
import { never, type SimProcess } from "./sim-process.ts";

export interface FaultyCall {
  readonly process: SimProcess;
  readonly args: readonly unknown[];
  readonly clock: SimClock;
  /** Makes the call. */
  readonly apply: (args?: readonly unknown[]) => Promise<unknown>;
  /** The caller believes that it was made. */
  readonly pretend: () => undefined;
  /** What an index answers that is so far behind, ms. */
  readonly askPast: (behindMs: number) => unknown;
  readonly killAll: () => void;
  /** The next version of the code; for so long some processes start with the one before. */
  readonly deploy: (sideBySideMs: number) => void;
}

/** Answers as the port would, or throws as the SDK would, or never does either. */
export async function undergo(fault: Fault | undefined, call: FaultyCall): Promise<unknown> {
  const { process, args, clock, apply } = call;
  switch (fault?.kind) {
    case "crash before":
      process.kill();
      return await never();
    case "crash after":
      await apply();
      process.kill();
      return await never();
    case "all crash":
      call.killAll();
      return await never();
    case "throttled":
    case "blobs fail":
    case "bus refuses":
      throw new Error(`simulated: ${fault.kind}`);
    case "timed out but applied":
      await apply();
      throw new Error("simulated: no answer in time");
    case "timed out and applied later":
      // What was sent goes on its way although the sender gave up, or died.
      void clock.sleep(fault.ms).then(async () => await apply());
      throw new Error("simulated: no answer in time");
    case "slow before":
      await clock.sleep(fault.ms);
      await process.thaw();
      return await apply();
    case "slow after": {
      const answer = await apply();
      await clock.sleep(fault.ms);
      await process.thaw();
      return answer;
    }
    case "frozen":
      process.freeze(fault.ms);
      await process.thaw();
      return await apply();
    case "message lost":
    case "schedule missing":
    case "visibility not extended":
      return call.pretend();
    case "message duplicated":
      await apply();
      return await apply();
    case "append repeated": {
      const answer = (await apply()) as { readonly ok: boolean };
      return answer.ok ? await apply() : answer;
    }
    case "message delayed":
      return await apply([args[0], Math.min(MAX_QUEUE_DELAY_MS, Number(args[1] ?? 0) + fault.ms)]);
    case "schedule late":
      return await apply([{ ...timerOf(args), fireAt: timerOf(args).fireAt + fault.ms }]);
    case "schedule fires twice": {
      const timer = timerOf(args);
      await apply([{ ...timer, name: `${timer.name} again`, fireAt: timer.fireAt + fault.ms }]);
      return await apply();
    }
    case "deploy":
      call.deploy(fault.ms);
      return await apply();
    case "deploy at once":
      call.killAll();
      call.deploy(0);
      return await never();
    case "bus takes some": {
      const events = args[0] as readonly OutgoingEvent[];
      await apply([events.slice(0, Math.floor(events.length / 2))]);
      throw new Error("simulated: some were not taken");
    }
    case "transaction busy":
      return { ok: false, busy: "simulated: another transaction" } satisfies TransactionAnswer;
    case "index behind":
    case "list behind":
      return call.askPast(fault.ms);
    default:
      return await apply();
  }
}

function timerOf(args: readonly unknown[]): Timer {
  return args[0] as Timer;
}
