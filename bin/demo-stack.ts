// The stack that `npm run deploy` makes: the examples' workflows on Perdure.
import { Duration, RemovalPolicy, Stack, type StackProps } from "aws-cdk-lib";
import type { Construct } from "constructs";
import { addOutputs, Perdure, type PerdureProps } from "../lib/cdk/index.ts";

export interface DemoStackProps extends StackProps {
  readonly perdure: Pick<PerdureProps, "workflows"> & Partial<PerdureProps>;
}

export class DemoStack extends Stack {
  readonly perdure: Perdure;

  constructor(scope: Construct, id: string, { perdure, ...props }: DemoStackProps) {
    super(scope, id, { description: "Perdure and the workflows of its examples", ...props });
    this.perdure = new Perdure(this, "Perdure", {
      stepHandlers: { shipping: { timeout: Duration.minutes(1) } },
      // A demo leaves nothing behind.
      removalPolicy: RemovalPolicy.DESTROY,
      ...perdure,
    });
    addOutputs(this, this.perdure);
  }
}
