// One message of a queue to the part of the engine that handles it. A body that is not ours is logged and dropped:
// it would come back for ever.
import { activate } from "./activate.ts";
import { type Disposition, DONE, type Engine, faultBackoffMs, type Host, later } from "./engine.ts";
import { fireTimer } from "./fire-timer.ts";
import { type Message, readMessage } from "./messages.ts";
import { runStep } from "./run-step.ts";
import { orStall } from "./stall-unreadable.ts";
import { unreachable } from "./unreachable.ts";

export async function handleMessage(engine: Engine, body: string, host: Host): Promise<Disposition> {
  const message = readMessage(body);
  if (message === undefined) {
    engine.ports.log.error("a message that is not Perdure's was dropped", { length: body.length });
    return DONE;
  }
  return await orStall(engine, message.runId, host.receiveCount, () => handle(engine, message, host));
}

async function handle(engine: Engine, message: Message, host: Host): Promise<Disposition> {
  switch (message.kind) {
    case "wake-up":
      return await activate(engine, message, host);
    case "timer":
      return await fireTimer(engine, message);
    case "step":
      return await runStep(engine, message, host);
    // Of a newer version, whose deployment may be under way, or was taken back.
    case "unknown":
      engine.ports.log.warn("a message of a newer version waits", { run: message.runId });
      return later(faultBackoffMs(host.receiveCount));
    default:
      return unreachable(message);
  }
}
