// Sends the deployed functions' requests another way: their environment names another endpoint, for as long as a test
// lasts. Nothing of the product knows.
import {
  type FunctionConfiguration,
  paginateListFunctions,
  UpdateFunctionConfigurationCommand,
} from "@aws-sdk/client-lambda";
import { VARIABLES } from "../../../lib/lambda/variables.ts";
import type { Deployment } from "../deployment.ts";

export interface Route {
  /** The endpoint that the environment names now, in queue addresses too. */
  readonly from: string;
  readonly to: string;
  /** Variables that are set besides. */
  readonly extra: Readonly<Record<string, string>>;
}

/** Resolves with what puts everything back. */
export async function reroute({ clients }: Deployment, route: Route): Promise<() => Promise<void>> {
  const { lambda } = clients;
  const set = async (name: string | undefined, variables: Record<string, string>) => {
    const Environment = { Variables: variables };
    await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: name, Environment }));
  };
  const functions: FunctionConfiguration[] = [];
  for await (const { Functions: page = [] } of paginateListFunctions({ client: lambda }, {}))
    functions.push(...page.filter(({ Environment: of }) => of?.Variables?.[VARIABLES.table] !== undefined));
  for (const { FunctionName: name, Environment: of } of functions)
    await set(name, rerouted(of?.Variables ?? {}, route));
  return async () => {
    for (const { FunctionName: name, Environment: of } of functions) await set(name, of?.Variables ?? {});
  };
}

function rerouted(variables: Readonly<Record<string, string>>, { from, to, extra }: Route) {
  const moved = Object.entries(variables).map(([name, value]) => [name, value.replaceAll(from, to)]);
  return { ...(Object.fromEntries(moved) as Record<string, string>), AWS_ENDPOINT_URL: to, ...extra };
}
