// Pausing, seizing and reviving runs on DynamoDB (lib/aws/dynamo-runs.ts, claim.ts).
import type { Area } from "../mutant.ts";

const runs = "lib/aws/dynamo-runs.ts";
const noticedIn = ["test/aws/dynamo-store.test.ts"];
const LOST_ANSWERS = ["test/aws/lost-answers.test.ts"];

export const holdingDynamodb: Area = [
  {
    name: "dynamodb: a revival leaves old wake-ups valid",
    invariant: "W2",
    why: "a dead letter of before stalls the run once more",
    file: runs,
    find: '        copy: { handled: "wake" },\n',
    replace: "",
    noticedIn,
  },
  {
    name: "dynamodb: a revival leaves the fence where it was",
    invariant: "J2",
    why: "whoever still means to stall the run for what was mended does so",
    file: runs,
    find: "add: { wake: 1, fence: 1 },",
    replace: "add: { wake: 1, fence: 0 },",
    noticedIn,
  },
  {
    name: "dynamodb: a paused run can be claimed",
    invariant: "code",
    why: "a run that an operator holds goes on",
    file: "lib/aws/claim.ts",
    find: " AND attribute_not_exists(#paused)",
    replace: "",
    noticedIn,
  },
  {
    name: "dynamodb: a paused run hides behind its suspension",
    invariant: "code",
    why: "META says that the run is suspended, and nobody sees that an operator holds it",
    file: runs,
    find: 'const IS_NOT_PAUSED = "attribute_not_exists(#paused)";',
    replace: 'const IS_NOT_PAUSED = "(attribute_not_exists(#paused) OR attribute_exists(#paused))";',
    noticedIn,
  },
  {
    name: "dynamodb: a paused run cannot be left",
    invariant: "W2",
    why: "its owner believes that it was replaced",
    file: runs,
    find: 'return await attempt("paused", IS_PAUSED);',
    replace: "return answer;",
    noticedIn,
  },
  {
    name: "dynamodb: a stalled run can be paused",
    invariant: "D1",
    why: "the reason why it stalled is hidden, and a retry refused",
    file: runs,
    find: "#status <> :stalled",
    replace: "(#status <> :stalled OR #status = :stalled)",
    noticedIn,
  },
  {
    name: "dynamodb: a run that is not paused can be resumed",
    invariant: "code",
    why: "a stalled run goes on unmended",
    file: runs,
    find: 'const IS_PAUSED = "attribute_exists(#paused)";',
    replace: 'const IS_PAUSED = "(attribute_exists(#paused) OR attribute_not_exists(#paused))";',
    noticedIn,
  },
  {
    name: "dynamodb: a resumption does not know its own mark",
    invariant: "J4",
    why: "whoever resumed a run is told that it was not paused",
    file: runs,
    find: `        "pending",
      );
      if (answer.applied) return fromRunItem(answer.item);
      return answer.standing?.mark === mark ? fromRunItem(answer.standing) : undefined;`,
    replace: `        "pending",
      );
      if (answer.applied) return fromRunItem(answer.item);
      return undefined;`,
    noticedIn: LOST_ANSWERS,
  },
  {
    name: "dynamodb: a run whose owner leaves meanwhile is neither paused nor resumed",
    invariant: "code",
    why: "the operator is told that the run has stalled, or is not paused",
    file: runs,
    find: "if (wasLeased === isLeased) return answer;",
    replace: "if (isLeased || !wasLeased) return answer;",
    noticedIn: ["test/aws/holding.test.ts"],
  },
  {
    name: "dynamodb: a seizure does not raise the fence",
    invariant: "J2",
    why: "the owner that is to be stopped works on under the same fence",
    file: runs,
    find: "add: { fence: 1 }, when: unlessMine",
    replace: "add: { fence: 0 }, when: unlessMine",
    noticedIn,
  },
  {
    name: "dynamodb: a seizure does not know its own mark",
    invariant: "J2",
    why: "whoever terminates a run is told that it has closed, while it is locked for a lease",
    file: runs,
    find: `given: { mark } });
      if (answer.applied) return fromRunItem(answer.item);
      return answer.standing?.mark === mark ? fromRunItem(answer.standing) : undefined;`,
    replace: `given: { mark } });
      if (answer.applied) return fromRunItem(answer.item);
      return undefined;`,
    noticedIn: LOST_ANSWERS,
  },
  {
    name: "dynamodb: a stalled run stays paused",
    invariant: "D1",
    why: "a retry revives a run that nobody may claim",
    file: runs,
    find: "        sweepSk: sweepAt,\n        paused: undefined,\n",
    replace: "        sweepSk: sweepAt,\n",
    noticedIn,
  },
  {
    name: "dynamodb: a closed run stays paused",
    invariant: "C1",
    why: "a run that has ended shows that somebody holds it",
    file: runs,
    find: "        stalled: undefined,\n        paused: undefined,\n        ...expiryPlace",
    replace: "        stalled: undefined,\n        ...expiryPlace",
    noticedIn,
  },
];
