// Where a Lambda function gets its credentials: from its environment, or from the container endpoint where they are
// renewed in a process that lives long. The bundles get this file in place of `@aws-sdk/credential-provider-node`
// (lib/cdk/bundling.ts), whose other sources (profiles, single sign-on, EC2 metadata) do not exist in a function and
// make up a sixth of the bundle.
import { fromEnv } from "@aws-sdk/credential-provider-env";
import { fromHttp } from "@aws-sdk/credential-provider-http";

type Credentials = ReturnType<typeof fromEnv>;

export function defaultProvider(): Credentials {
  const usesEndpoint = process.env["AWS_CONTAINER_CREDENTIALS_FULL_URI"] !== undefined;
  return usesEndpoint ? fromHttp() : fromEnv();
}
