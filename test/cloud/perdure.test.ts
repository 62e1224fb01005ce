// Perdure in an AWS: one stack, deployed and destroyed by the CDK, driven through its API and looked at through AWS's.
// Each proof is a file in proofs/. First what needs the queue for itself, then everything else at the same time.
//
// Without an emulator the suite skips itself and says why; with REQUIRE_CLOUD=1 that is a failure.
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Deployment, deploy } from "./deployment.ts";
import { startEmulator } from "./emulator.ts";
import { describeDeaths } from "./proofs/deaths.ts";
import { describeDoor } from "./proofs/door.ts";
import { describeDoubledSteps, describeDoubledWakeUps } from "./proofs/duplicates.ts";
import { describeEvents } from "./proofs/events.ts";
import { describeLostMessages, type LostRuns, loseWakeUps } from "./proofs/lost-messages.ts";
import { describeOpenRoutes } from "./proofs/open-routes.ts";
import { describeRuns } from "./proofs/runs.ts";
import { describeSchedules } from "./proofs/schedules.ts";
import { describeWebhooks } from "./proofs/webhooks.ts";

vi.setConfig({ maxConcurrency: 32 });

const emulator = await startEmulator();
if (emulator.kind === "none") console.warn(`The cloud suite is skipped. ${emulator.reason}`);

describe.skipIf(emulator.kind === "none")("Perdure on AWS", () => {
  let deployment: Deployment | undefined;
  let lostRuns: LostRuns = { lost: "", dead: "" };
  const cloud = () => {
    if (deployment === undefined) throw new Error("nothing is deployed");
    return deployment;
  };

  beforeAll(async () => {
    if (emulator.kind === "emulator") deployment = await deploy(emulator);
  });
  afterAll(async () => {
    if (emulator.kind === "emulator") await emulator.stop();
  });

  describeDoor(cloud);
  describeDoubledWakeUps(cloud);
  test("two wake-ups are lost", async () => {
    lostRuns = await loseWakeUps(cloud());
  });

  describe.concurrent("all at once", () => {
    describeLostMessages(cloud, () => lostRuns);
    describeDeaths(cloud);
    describeOpenRoutes(cloud);
    describeEvents(cloud);
    describeSchedules(cloud);
    describeRuns(cloud);
    describeDoubledSteps(cloud);
  });
  // By itself: hundreds of runs would make everything beside them late.
  describeWebhooks(cloud);

  test("destroying the stack leaves none behind", async () => {
    await cloud().destroy();
    expect(await cloud().exists()).toBe(false);
  });
});
