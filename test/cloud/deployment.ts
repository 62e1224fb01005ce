// The stack in the emulator: deployed by the CDK's own command line, as a user would, and destroyed by it.
import { readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { DescribeStacksCommand, GetTemplateCommand } from "@aws-sdk/client-cloudformation";
import * as v from "valibot";
import { ACCOUNT, type Clients, createClients, environmentFor, REGION } from "./account.ts";
import { Api } from "./api.ts";
import { apiAddress } from "./api-address.ts";
import type { Emulator } from "./emulator.ts";
import { cacheFolder, REPOSITORY } from "./folders.ts";
import { run } from "./shell.ts";
import { STACK } from "./stack-name.ts";

const Outputs = v.object({
  ApiId: v.string(),
  ApiUrl: v.string(),
  TableName: v.string(),
  BucketName: v.string(),
  EffectsTableName: v.string(),
  ActivationQueueUrl: v.string(),
  ActivationDeadLetterQueueUrl: v.string(),
  ActivationSourceId: v.string(),
  ActivationFunctionName: v.string(),
  StepQueueUrls: v.pipe(v.string(), v.parseJson(), v.record(v.string(), v.string())),
  ScheduleGroupName: v.string(),
  ListenerQueueUrl: v.string(),
});

const Template = v.object({
  Resources: v.record(
    v.string(),
    v.object({ Type: v.string(), Properties: v.optional(v.record(v.string(), v.unknown()), {}) }),
  ),
});
type Template = v.InferOutput<typeof Template>;

export interface Deployment {
  readonly outputs: v.InferOutput<typeof Outputs>;
  readonly api: Api;
  readonly clients: Clients;
  /** What was deployed, as CloudFormation has it. */
  template(): Promise<Template>;
  /** Whether CloudFormation knows the stack. */
  exists(): Promise<boolean>;
  destroy(): Promise<void>;
}

const APP = `"${process.execPath}" --conditions=perdure-source test/cloud/app.ts`;

export async function deploy(emulator: Emulator): Promise<Deployment> {
  const folder = cacheFolder("deployment");
  const assembly = path.join(folder, "cdk.out");
  const outputsFile = path.join(folder, "outputs.json");
  // Otherwise the bundles of all earlier deployments stay.
  rmSync(assembly, { recursive: true, force: true });
  const cdk = cdkFor(emulator.endpoint);
  await Promise.all([
    // Outside the repository's cdk.json, or it would synthesize the app named there.
    cdk(folder, "bootstrap", `aws://${ACCOUNT}/${REGION}`),
    cdk(REPOSITORY, "synth", "--app", APP, "--output", assembly, "--quiet"),
  ]);
  await cdk(
    REPOSITORY,
    "deploy",
    STACK,
    "--app",
    assembly,
    "--require-approval",
    "never",
    "--outputs-file",
    outputsFile,
  );

  const outputs = readOutputs(outputsFile);
  const clients = createClients(emulator.endpoint);
  return {
    outputs,
    api: new Api(apiAddress(emulator.endpoint, outputs.ApiId)),
    clients,
    template: async () => await readTemplate(clients),
    exists: () => stackExists(clients),
    destroy: async () => await cdk(REPOSITORY, "destroy", STACK, "--app", assembly, "--force"),
  };
}

function cdkFor(endpoint: string): (cwd: string, ...args: readonly string[]) => Promise<void> {
  const cli = path.join(REPOSITORY, "node_modules", "aws-cdk", "bin", "cdk");
  return async (cwd, ...args) => {
    await run(process.execPath, [cli, ...args], { cwd, env: environmentFor(endpoint) });
  };
}

function readOutputs(file: string): Deployment["outputs"] {
  const stacks: unknown = JSON.parse(readFileSync(file, "utf8"));
  return v.parse(v.object({ [STACK]: Outputs }), stacks)[STACK];
}

async function readTemplate({ cloudFormation }: Clients): Promise<Template> {
  const { TemplateBody: text } = await cloudFormation.send(new GetTemplateCommand({ StackName: STACK }));
  return v.parse(v.pipe(v.string(), v.parseJson(), Template), text);
}

async function stackExists({ cloudFormation }: Clients): Promise<boolean> {
  try {
    const { Stacks: stacks = [] } = await cloudFormation.send(
      new DescribeStacksCommand({ StackName: STACK }),
    );
    return stacks.some((stack) => stack.StackStatus !== "DELETE_COMPLETE");
  } catch (error) {
    if (error instanceof Error && error.message.includes("does not exist")) return false;
    throw error;
  }
}
