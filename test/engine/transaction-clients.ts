// DynamoDB clients to which something happens when they ask for a transaction.
import { Readable } from "node:stream";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import type { Dynoxide } from "../aws/dynoxide.ts";
import { emulatorAccess } from "../aws/suites.ts";

type Handle = NodeHttpHandler["handle"];

/** A client whose handler answers transactions as `answer` says, if it does. */
function clientThat(server: Dynoxide, answer: (handle: Handle) => Handle, maxAttempts = 4): DynamoDBClient {
  const requestHandler = new NodeHttpHandler();
  const handle = requestHandler.handle.bind(requestHandler);
  const special = answer(handle);
  requestHandler.handle = async (request, options) => {
    const target = request.headers["x-amz-target"] ?? "";
    return await (target.endsWith(".TransactWriteItems")
      ? special(request, options)
      : handle(request, options));
  };
  return new DynamoDBClient({ ...emulatorAccess, endpoint: server.endpoint, requestHandler, maxAttempts });
}

/** Transactions are done, and the first answers get lost. `forgetful`: the server does not know a repetition, as after ten minutes. */
export function unsureClient(server: Dynoxide, lose: number, forgetful: boolean): DynamoDBClient {
  let lost = 0;
  return clientThat(server, (handle) => async (request, options) => {
    if (forgetful) forgetToken(request);
    const answer = await handle(request, options);
    if (lost === lose) return answer;
    lost += 1;
    answer.response.body?.resume();
    throw Object.assign(new Error("socket hang up"), { code: "ECONNRESET", name: "TimeoutError" });
  });
}

/** The first transaction is done, after it was said to be under way. */
export function slowClient(server: Dynoxide, forgetful: boolean): DynamoDBClient {
  let asked = 0;
  const slow =
    (handle: Handle): Handle =>
    async (request, options) => {
      if (forgetful) forgetToken(request);
      const answer = await handle(request, options);
      asked += 1;
      if (asked > 1) return answer;
      answer.response.body?.resume();
      return refusedWith({ __type: "TransactionInProgressException", Message: "It is under way." });
    };
  // The SDK would ask again by itself, in real time.
  return clientThat(server, slow, 1);
}

/** As after ten minutes. */
function forgetToken(request: Parameters<Handle>[0]): void {
  const body: unknown = JSON.parse(new TextDecoder().decode(request.body as Uint8Array));
  const text = JSON.stringify({ ...(body as object), ClientRequestToken: undefined });
  request.body = text;
  request.headers["content-length"] = String(Buffer.byteLength(text));
}

function refusedWith({ __type, ...fields }: Readonly<Record<string, unknown>>): Awaited<ReturnType<Handle>> {
  const body = JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${String(__type)}`, ...fields });
  const headers = { "content-type": "application/x-amz-json-1.0" };
  return { response: { statusCode: 400, headers, body: Readable.from([Buffer.from(body)]) } };
}

/** The first transactions meet another one. */
export function busyClient(server: Dynoxide, times: number): DynamoDBClient {
  let met = 0;
  return clientThat(server, (handle) => async (request, options) => {
    if (met === times) return await handle(request, options);
    met += 1;
    return refusedWith({
      __type: "TransactionCanceledException",
      Message: "Transaction cancelled, please refer cancellation reasons for specific reasons",
      CancellationReasons: [{ Code: "None" }, { Code: "TransactionConflict" }, { Code: "None" }],
    });
  });
}
