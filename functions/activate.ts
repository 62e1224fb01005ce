// Lambda entry point: activates runs. Behind the activation queue.
import * as module from "perdure-workflows";
import { workflowsOf } from "../lib/engine/index.ts";
import { createWorker } from "../lib/lambda/worker.ts";

export const handler = createWorker({ workflows: workflowsOf(module) });
