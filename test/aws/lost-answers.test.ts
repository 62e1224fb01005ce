// The SDK repeats a request whose answer was lost, so any write may be applied twice. Here every write is: its bytes are
// sent two times and only the second answer is looked at. The store must then answer as if it had been asked once
// (lib/ports/store.ts: "a write that … finds its own effect has succeeded"), so the whole contract runs again.
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { afterAll, beforeAll, describe } from "vitest";
import type { ClientOptions } from "../../lib/aws/clients.ts";
import { type Dynoxide, skipsWithoutDynoxide, startDynoxide } from "./dynoxide.ts";
import { describeDynamoStore } from "./suites.ts";

const COUNTED_TWICE =
  "raise has no condition to meet its own effect: one cause too many is harmless, and is counted here";

describe.skipIf(skipsWithoutDynoxide())("dynoxide", () => {
  let server: Dynoxide;
  beforeAll(async () => {
    server = await startDynoxide();
  });
  afterAll(async () => await server.stop());

  const skips = {
    "raise counts one more cause, moves the sweep time and answers with the run": COUNTED_TWICE,
    "raise leaves lease and status of a running run alone": COUNTED_TWICE,
    "no raise is lost among many at once, and each gets a number of its own": COUNTED_TWICE,
    "claims and raises at once lose neither": COUNTED_TWICE,
    "its owner extends a lease and gets the run, causes that came in meanwhile included": COUNTED_TWICE,
    "suspend is refused when wake moved after the inbox was read (W1)": COUNTED_TWICE,
    "between raise and suspend at once no wake-up is lost (W1)": COUNTED_TWICE,
  };
  describeDynamoStore(
    "dynoxide with every write applied twice",
    () => server,
    { skips },
    createRepeatingClient,
  );
});

function createRepeatingClient(options: ClientOptions = {}): DynamoDBClient {
  const requestHandler = new NodeHttpHandler();
  const client = new DynamoDBClient({ ...options, requestHandler });
  const handle = requestHandler.handle.bind(requestHandler);
  requestHandler.handle = async (request, handlerOptions) => {
    const target = request.headers["x-amz-target"] ?? "";
    if (/\.(Put|Update)Item$/.test(target)) {
      const { response } = await handle(request, handlerOptions);
      response.body?.resume();
    }
    return await handle(request, handlerOptions);
  };
  return client;
}
