// The order's workflow in production: who may call it, who is told when it needs somebody, what is kept, and for how long.
import path from "node:path";
import { Duration, Stack, type StackProps } from "aws-cdk-lib";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import type { IGrantable } from "aws-cdk-lib/aws-iam";
import { Secret } from "aws-cdk-lib/aws-secretsmanager";
import { Topic } from "aws-cdk-lib/aws-sns";
import type { Construct } from "constructs";
import { addOutputs, Perdure } from "perdure/cdk";

export interface OrdersStackProps extends StackProps {
  /** May start orders and read them. */
  readonly shop: IGrantable;
}

export class OrdersStack extends Stack {
  constructor(scope: Construct, id: string, { shop, ...props }: OrdersStackProps) {
    super(scope, id, props);
    const onCall = new Topic(this, "OnCall");
    const paymentKey = Secret.fromSecretNameV2(this, "PaymentKey", "shop/payment-key");
    const orders = new Perdure(this, "Orders", {
      workflows: path.resolve(import.meta.dirname, "../order/workflow.ts"),
      stepHandlers: { shipping: { timeout: Duration.minutes(1), memorySize: 2048 } },
      environment: { PAYMENT_KEY_NAME: paymentKey.secretName },
      retentionDays: 365,
      alarmActions: [new SnsAction(onCall)],
    });
    orders.grantApi(shop);
    paymentKey.grantRead(orders.activation.role);
    addOutputs(this, orders);
  }
}
