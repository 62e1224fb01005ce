// One message of a queue to the part of the engine that handles it. A body that is not ours is logged and dropped:
// it would come back for ever.
import { activate } from "./activate.ts";
import { type Disposition, DONE, type Engine, type Host } from "./engine.ts";
import { fireTimer } from "./fire-timer.ts";
import { readMessage } from "./messages.ts";
import { runStep } from "./run-step.ts";
import { unreachable } from "./unreachable.ts";

export async function handleMessage(engine: Engine, body: string, host: Host): Promise<Disposition> {
  const message = readMessage(body);
  if (message === undefined) {
    engine.ports.log.error("a message that is not Perdure's was dropped", { length: body.length });
    return DONE;
  }
  switch (message.kind) {
    case "wake-up":
      return await activate(engine, message, host);
    case "timer":
      return await fireTimer(engine, message);
    case "step":
      return await runStep(engine, message, host);
    default:
      return unreachable(message);
  }
}
