// The API's function, behind an HTTP API: the one hono app of lib/api in Lambda's clothes.
import { handle } from "hono/aws-lambda";
import { createApi as createApp } from "../api/index.ts";
import { assemble, type FunctionOptions } from "./assemble.ts";

/**
 * Handler of the Lambda that serves the API. It needs the workflows for their schemas; it runs none.
 *
 * @example
 * export const handler = createApi({ workflows: [order] });
 * @throws E_BAD_OPTION, E_DUPLICATE_WORKFLOW when the function cannot work as it is deployed
 */
export function createApi(options: FunctionOptions): ReturnType<typeof handle> {
  return handle(createApp({ engine: assemble(options) }));
}
