// A stack with Perdure in it, synthesized in this process, without bundling unless it is asked for.
import path from "node:path";
import { App, Stack } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { Perdure, type PerdureProps } from "../../lib/cdk/index.ts";

export const WORKFLOWS = path.resolve(import.meta.dirname, "../../examples/workflows.ts");

/** The CDK's own switch: assets of no stack are bundled. */
export const WITHOUT_BUNDLING = { "aws:cdk:bundling-stacks": [] };

export interface Synthesized {
  readonly perdure: Perdure;
  readonly template: Template;
}

/** @throws Error when the times cannot work together */
export function synth(props: Partial<PerdureProps> = {}): Synthesized {
  const stack = new Stack(new App({ context: WITHOUT_BUNDLING }), "Test");
  const perdure = new Perdure(stack, "Perdure", {
    workflows: WORKFLOWS,
    stepHandlers: { shipping: {} },
    ...props,
  });
  return { perdure, template: Template.fromStack(stack) };
}

export interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
}

export function resourcesOf(template: Template, type: string): readonly Resource[] {
  return Object.values(template.findResources(type)) as Resource[];
}
