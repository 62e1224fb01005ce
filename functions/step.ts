// Lambda entry point: a step handler. Behind its own queue, one function for each name.
import * as module from "perdure-workflows";
import { workflowsOf } from "../lib/engine/index.ts";
import { readStepHandlerName } from "../lib/lambda/environment.ts";
import { createStepHandler } from "../lib/lambda/step-handler.ts";

export const handler = createStepHandler({ name: readStepHandlerName(), workflows: workflowsOf(module) });
