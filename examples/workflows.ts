// The workflows of the demo stack.
export { githubEvents } from "./github-events/workflow.ts";
export { order } from "./order/workflow.ts";
