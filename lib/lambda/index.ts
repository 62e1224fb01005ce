// `import { createWorker } from "perdure/lambda"`: the handlers of Perdure's Lambda functions, for those who deploy them
// otherwise than with the construct of `perdure/cdk`.
export { createApi } from "./api.ts";
export type { FunctionOptions } from "./assemble.ts";
export { createDeadLetterHandler } from "./dead-letter-handler.ts";
export { type Environment, readEnvironment } from "./environment.ts";
export { createStepHandler, type StepHandlerOptions } from "./step-handler.ts";
export { createSweeper } from "./sweeper.ts";
export { createWorker } from "./worker.ts";
