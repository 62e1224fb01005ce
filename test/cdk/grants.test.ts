import { App, Stack } from "aws-cdk-lib";
import type { Template } from "aws-cdk-lib/assertions";
import { Table } from "aws-cdk-lib/aws-dynamodb";
import { EventBus } from "aws-cdk-lib/aws-events";
import { describe, expect, it } from "vitest";
import { resourcesOf, synth } from "./synth.ts";

interface Statement {
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

/** DynamoDB actions that each function may call, by a part of its role's name. */
const TABLE_ACTIONS = {
  Activation: ["DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem"],
  Step: ["GetItem", "PutItem", "Query", "UpdateItem"],
  Api: ["BatchGetItem", "DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem"],
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

  it("only the sweeper and activations delete, and the api what belongs to limits", () => {
    const deleting = [...policies(synth().template)].flatMap(([name, statements]) =>
      statements
        .filter(({ Action: action }) => JSON.stringify(action).includes("DeleteItem"))
        .map(({ Condition: condition }) => ({ name, condition })),
    );
    expect(deleting.toSorted((a, b) => (a.name < b.name ? -1 : 1))).toEqual([
      { name: expect.stringContaining("Activation"), condition: undefined },
      {
        name: expect.stringContaining("Api"),
        condition: { "ForAllValues:StringLike": { "dynamodb:LeadingKeys": ["LIMIT#*"] } },
      },
      { name: expect.stringContaining("Sweeper"), condition: undefined },
    ]);
  });

  it("only those who close runs put events, on the one bus", () => {
    const bus = "arn:aws:events:eu-west-1:123456789012:event-bus/orders";
    const eventBus = EventBus.fromEventBusArn(elsewhere(), "Bus", bus);
    const putting = [...policies(synth({ eventBus }).template)].flatMap(([name, statements]) =>
      statements
        .filter(({ Action: action }) => JSON.stringify(action).includes("events:"))
        .map((statement) => ({ name, ...statement })),
    );
    expect(putting.map(({ name }) => name.replace(/Perdure(Activation|Api).*/, "$1")).toSorted()).toEqual([
      "Activation",
      "Api",
    ]);
    for (const { Action: action, Resource: resource } of putting)
      expect([action, resource]).toEqual(["events:PutEvents", bus]);
  });

  it("only activations write to the tables that ctx.tx is for, and cannot read them", () => {
    const arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/accounts";
    const transactTables = [Table.fromTableArn(elsewhere(), "Accounts", arn)];
    const touching = [...policies(synth({ transactTables }).template)].flatMap(([name, statements]) =>
      statements
        .filter(({ Resource: resource }) => JSON.stringify(resource).includes(arn))
        .map(({ Action: action, Resource: resource }) => ({ name, action, resource })),
    );
    const actions = ["PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem"].map(
      (action) => `dynamodb:${action}`,
    );
    expect(touching).toEqual([
      { name: expect.stringContaining("Activation"), action: actions, resource: arn },
    ]);
  });
});

/** Where what the user has of his own was made. */
function elsewhere(): Stack {
  return new Stack(new App(), "Elsewhere");
}

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
