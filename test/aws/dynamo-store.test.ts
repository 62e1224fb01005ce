import { afterAll, beforeAll, describe } from "vitest";
import { type Dynoxide, skipsWithoutDynoxide, startDynoxide } from "./dynoxide.ts";
import { describeDynamoStore } from "./suites.ts";

describe.skipIf(skipsWithoutDynoxide())("dynoxide", () => {
  let server: Dynoxide;
  beforeAll(async () => {
    server = await startDynoxide();
  });
  afterAll(async () => await server.stop());

  describeDynamoStore("dynoxide", () => server);
});
