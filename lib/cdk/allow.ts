// One line of a policy.
import { Grant, type IGrantable } from "aws-cdk-lib/aws-iam";

/** @throws Error when the grantee is a role that cannot be changed */
export function allow(
  grantee: IGrantable,
  actions: readonly string[],
  resourceArns: readonly string[],
  conditions: Readonly<Record<string, Record<string, unknown>>> = {},
): void {
  if (resourceArns.length === 0) return;
  Grant.addToPrincipal({
    grantee,
    actions: [...actions],
    resourceArns: [...resourceArns],
    conditions: { ...conditions },
  }).assertSuccess();
}
