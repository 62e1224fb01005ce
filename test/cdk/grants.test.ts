import type { Template } from "aws-cdk-lib/assertions";
import { describe, expect, it } from "vitest";
import { resourcesOf, synth } from "./synth.ts";

interface Statement {
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
}

/** DynamoDB actions that each function may call, by a part of its role's name. */
const TABLE_ACTIONS = {
  Activation: ["GetItem", "PutItem", "Query", "UpdateItem"],
  Step: ["GetItem", "PutItem", "Query", "UpdateItem"],
  Api: ["BatchGetItem", "GetItem", "PutItem", "Query", "UpdateItem"],
  Sweeper: ["DeleteItem", "GetItem", "Query", "UpdateItem"],
  DeadLetters: ["GetItem", "PutItem", "Query", "UpdateItem"],
} as const;

describe("what the functions may do", () => {
  it("is never allowed on everything, and no action is a wildcard", () => {
    const { template } = synth();
    const statements = [...policies(template).values()].flat();
    expect(statements.length).toBeGreaterThan(20);
    for (const { Action: action, Resource: resource } of statements) {
      expect([resource].flat()).not.toContain("*");
      expect(JSON.stringify(action)).not.toContain("*");
    }
  });

  it("comes from no policy of AWS's own, which would allow more", () => {
    for (const { Properties } of resourcesOf(synth().template, "AWS::IAM::Role")) {
      expect(Properties).not.toHaveProperty("ManagedPolicyArns");
    }
  });

  it.each(Object.entries(TABLE_ACTIONS))(
    "%s touches the table with what it needs and no more",
    (name, expected) => {
      const allowed = actionsOf(synth().template, name).filter((action) => action.startsWith("dynamodb:"));
      expect([...new Set(allowed)].toSorted()).toEqual(expected.map((action) => `dynamodb:${action}`));
    },
  );

  it("only activations set schedules, in their own group, and hand over no role but Scheduler's", () => {
    const { template } = synth();
    for (const [name, statements] of policies(template)) {
      const mine = statements.filter(({ Action: action }) => /scheduler:|iam:/.test(JSON.stringify(action)));
      expect(mine.length > 0).toBe(name.includes("Activation"));
      for (const { Action: action, Resource: resource } of mine) {
        const text = JSON.stringify(resource);
        if (JSON.stringify(action).includes("iam:")) {
          expect(action).toBe("iam:PassRole");
          expect(text).toMatch(/TimersRole/);
        } else {
          expect(text).toMatch(/:schedule\/[\w-]+\/\*/);
        }
      }
    }
  });

  it("Scheduler may send to the activation queue and to its dead letters, for this account only", () => {
    const { template } = synth();
    const [statement, ...others] =
      [...policies(template)].find(([name]) => name.includes("TimersRole"))?.[1] ?? [];
    expect(others).toEqual([]);
    expect(statement?.Action).toBe("sqs:SendMessage");
    expect([statement?.Resource].flat()).toHaveLength(2);
    const role = Object.entries(template.findResources("AWS::IAM::Role")).find(([name]) =>
      name.includes("TimersRole"),
    );
    expect(JSON.stringify(role)).toContain('"aws:SourceAccount"');
  });

  it("only the sweeper deletes", () => {
    const deleting = [...policies(synth().template)].filter(([, statements]) =>
      JSON.stringify(statements).includes("DeleteItem"),
    );
    expect(deleting.map(([name]) => name)).toEqual([expect.stringContaining("Sweeper")]);
  });
});

function policies(template: Template): ReadonlyMap<string, readonly Statement[]> {
  const found = Object.entries(template.findResources("AWS::IAM::Policy"));
  return new Map(
    found.map(([name, { Properties: properties }]) => [name, properties.PolicyDocument.Statement]),
  );
}

function actionsOf(template: Template, name: string): readonly string[] {
  const statements =
    [...policies(template)].find(([policy]) => policy.startsWith(`Perdure${name}`))?.[1] ?? [];
  return statements.flatMap(({ Action: action }) => action);
}
