// What a deployment tells its functions: names of resources and timings, read from environment variables once, at cold
// start, and checked there, so that a function that lacks something says what at once instead of failing somewhere in
// the middle of a run. The only file of this room that looks at process.env.
import { AWS_SETTINGS, checkSettings, type Settings } from "../engine/index.ts";
import { PerdureError } from "../sdk/errors.ts";
import { SETTING_VARIABLES, VARIABLES } from "./variables.ts";

export interface Environment {
  readonly table: string;
  readonly bucket: string;
  readonly activationQueueUrl: string;
  /** Name of a step handler → URL of its queue. */
  readonly stepQueues: ReadonlyMap<string, string>;
  /** Name or ARN of the bus that events of workflows go to. */
  readonly eventBus: string;
  /** Where the API is reached from outside, without a slash at its end; absent where nobody sends links. */
  readonly publicUrl?: string;
  readonly schedules: {
    readonly group: string;
    readonly roleArn: string;
    readonly targetArn: string;
    readonly deadLetterArn: string;
  };
  readonly settings: Settings;
}

type Variables = Readonly<Record<string, string | undefined>>;

/** @throws E_BAD_OPTION that names the variable */
export function readEnvironment(variables: Variables = process.env): Environment {
  const publicUrl = variables[VARIABLES.publicUrl];
  return {
    table: required(variables, VARIABLES.table),
    bucket: required(variables, VARIABLES.bucket),
    activationQueueUrl: required(variables, VARIABLES.activationQueueUrl),
    stepQueues: readStepQueues(variables[VARIABLES.stepQueues]),
    eventBus: required(variables, VARIABLES.eventBus),
    ...(publicUrl === undefined ? {} : { publicUrl }),
    schedules: {
      group: required(variables, VARIABLES.scheduleGroup),
      roleArn: required(variables, VARIABLES.scheduleRoleArn),
      targetArn: required(variables, VARIABLES.scheduleTargetArn),
      deadLetterArn: required(variables, VARIABLES.scheduleDeadLetterArn),
    },
    settings: readSettings(variables),
  };
}

/** The name of the step handler whose function this is. @throws E_BAD_OPTION in every other function */
export function readStepHandlerName(variables: Variables = process.env): string {
  return required(variables, VARIABLES.stepHandler);
}

function required(variables: Variables, name: string): string {
  const value = variables[name];
  if (value !== undefined && value !== "") return value;
  throw new PerdureError(
    "E_BAD_OPTION",
    `The environment variable ${name} is not set; the Perdure construct sets it on its own functions.`,
  );
}

function readStepQueues(text = "{}"): ReadonlyMap<string, string> {
  const queues = parse(text);
  if (typeof queues === "object" && queues !== null && !Array.isArray(queues)) {
    const entries = Object.entries(queues);
    if (entries.every((entry): entry is [string, string] => typeof entry[1] === "string")) {
      return new Map(entries);
    }
  }
  throw new PerdureError(
    "E_BAD_OPTION",
    `The environment variable ${VARIABLES.stepQueues} must be a JSON object of step handlers and queue URLs, like {"shipping":"https://…"}.`,
  );
}

/** Nothing when it is not JSON. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function readSettings(variables: Variables): Settings {
  const settings: Record<string, number> = { ...AWS_SETTINGS };
  for (const [setting, name] of Object.entries(SETTING_VARIABLES)) {
    const value = variables[name];
    if (value === undefined) continue;
    settings[setting] = /^\d+$/.test(value) ? Number(value) : Number.NaN;
    if (Number.isNaN(settings[setting])) {
      throw new PerdureError(
        "E_BAD_OPTION",
        `The environment variable ${name} is ${JSON.stringify(value)}; it must be a whole number.`,
      );
    }
  }
  return checkSettings({ ...AWS_SETTINGS, ...settings });
}
