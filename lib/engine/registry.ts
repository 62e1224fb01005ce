// The workflows this deployment knows, by name.
import { PerdureError } from "../sdk/errors.ts";
import { isReserved } from "../sdk/names.ts";
import { type AnyWorkflow, isWorkflow } from "../sdk/workflow.ts";
import { scheduleWorkflow } from "./schedules/workflow.ts";

export type Registry = ReadonlyMap<string, AnyWorkflow>;

/** @throws E_DUPLICATE_WORKFLOW when two different workflows have one name */
export function createRegistry(workflows: Iterable<AnyWorkflow>): Registry {
  const registry = new Map<string, AnyWorkflow>();
  for (const workflow of workflows) {
    const other = registry.get(workflow.name);
    if (other !== undefined && other !== workflow) {
      throw new PerdureError("E_DUPLICATE_WORKFLOW", `Two workflows are named "${workflow.name}".`);
    }
    registry.set(workflow.name, workflow);
  }
  if (!registry.has(scheduleWorkflow.name)) registry.set(scheduleWorkflow.name, scheduleWorkflow);
  return registry;
}

/** Those that people have written. */
export function ownWorkflows(registry: Registry): readonly AnyWorkflow[] {
  return [...registry.values()].filter(({ name }) => !isReserved(name));
}

/** The workflows among the exports of modules. */
export function workflowsOf(...modules: readonly object[]): AnyWorkflow[] {
  return modules.flatMap((module) => Object.values(module)).filter(isWorkflow);
}
