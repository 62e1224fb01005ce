// `import { Perdure } from "perdure/cdk"`: Perdure as a CDK construct.
export { Alarms, type AlarmsProps } from "./alarms.ts";
export { EngineFunction, type EngineFunctionProps } from "./engine-function.ts";
export { HttpDoor, type HttpDoorProps } from "./http-door.ts";
export { addOutputs } from "./outputs.ts";
export { Perdure, type StepHandler } from "./perdure.ts";
export type { ActivationProps, OpenRoutes, PerdureProps, StepHandlerProps, TimingProps } from "./props.ts";
export { TimerGroup, type TimerGroupProps } from "./timer-group.ts";
export { WorkQueue, type WorkQueueProps } from "./work-queue.ts";
