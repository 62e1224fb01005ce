import { App, Stack } from "aws-cdk-lib";
import { Match, Template } from "aws-cdk-lib/assertions";
import { AccountPrincipal, Role } from "aws-cdk-lib/aws-iam";
import { expect, it } from "vitest";
import { OrdersStack } from "./stack.ts";

it("the shop may call the API, activations may read the key, and every alarm tells who is on call", () => {
  // The CDK's own switch: nothing is bundled.
  const app = new App({ context: { "aws:cdk:bundling-stacks": [] } });
  const shop = new Role(new Stack(app, "Shop"), "Role", { assumedBy: new AccountPrincipal("111122223333") });
  const template = Template.fromStack(new OrdersStack(app, "Orders", { shop }));
  const mayRead = {
    PolicyDocument: {
      Statement: Match.arrayWith([
        Match.objectLike({ Action: Match.arrayWith(["secretsmanager:GetSecretValue"]) }),
      ]),
    },
  };
  template.resourcePropertiesCountIs("AWS::IAM::Policy", mayRead, 1);
  const alarms = Object.values(template.findResources("AWS::CloudWatch::Alarm"));
  expect(alarms.length).toBeGreaterThan(0);
  for (const { Properties } of alarms) expect(Properties.AlarmActions).toHaveLength(1);
  const callers = Template.fromStack(Stack.of(shop)).findResources("AWS::IAM::Policy");
  expect(JSON.stringify(callers)).toContain("execute-api:Invoke");
});
