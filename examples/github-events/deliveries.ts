// Real webhook payloads, as GitHub sends them: every example of @octokit/webhooks-examples is one delivery.
import { createRequire } from "node:module";

interface EventExamples {
  readonly name: string;
  readonly examples: readonly Readonly<Record<string, unknown>>[];
}

export interface Delivery {
  readonly deliveryId: string;
  readonly event: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

export function allDeliveries(): readonly Delivery[] {
  const require = createRequire(import.meta.url);
  const events = require("@octokit/webhooks-examples") as readonly EventExamples[];
  return events.flatMap(({ name, examples }) =>
    examples.map((payload, i) => ({ deliveryId: `${name}-${i}`, event: name, payload })),
  );
}
