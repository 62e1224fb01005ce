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
  // DynamoDB ends a page at 1 MB: what needs a megabyte there needs three items here.
  describeDynamoStore("dynoxide, in pages of two items", () => server, { pageItems: 2 });
});
