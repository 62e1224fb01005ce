// The conformance suites of the ports, against the emulator: what the adapters promise to the engine holds on a server
// that has all four services, not only on the small ones of the unit tests. Each test has its own queue, bucket and
// schedule group, so all run at the same time; most of it is waiting.
import { afterAll, describe, vi } from "vitest";
import { describeAwsAdapters } from "../aws/suites.ts";
import { startEmulator } from "./emulator.ts";

vi.setConfig({ maxConcurrency: 16 });

const emulator = await startEmulator();
if (emulator.kind === "none") console.warn(`The ports are not tested on an emulator. ${emulator.reason}`);

describe.skipIf(emulator.kind === "none").concurrent("an emulator", () => {
  afterAll(async () => {
    if (emulator.kind === "emulator") await emulator.stop();
  });
  describeAwsAdapters("the emulator", () => {
    if (emulator.kind === "none") throw new Error(emulator.reason);
    return { endpoint: emulator.endpoint };
  });
});
