// Lambda entry point: the API. Behind an HTTP API.
import * as module from "perdure-workflows";
import { workflowsOf } from "../lib/engine/index.ts";
import { createApi } from "../lib/lambda/api.ts";

export const handler = createApi({ workflows: workflowsOf(module) });
