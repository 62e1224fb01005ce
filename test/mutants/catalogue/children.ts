// Runs started by runs (lib/engine/kinds/child.ts, perform-children.ts, family.ts, open-children.ts).
import type { Area } from "../mutant.ts";

const family = "lib/engine/family.ts";
const child = "lib/engine/kinds/child.ts";
const perform = "lib/engine/perform-children.ts";
const noticedIn = ["test/engine/children.test.ts"];

export const children: Area = [
  {
    name: "a child's id is drawn, not derived",
    invariant: "J4",
    why: "a crash after its start starts a second one",
    file: child,
    find: 'JSON.stringify(["child", parentRunId, key])',
    replace: 'JSON.stringify(["child", parentRunId, key, globalThis.crypto.randomUUID()])',
    noticedIn,
  },
  {
    name: "a child's end is announced before it is in its journal",
    invariant: "J4",
    why: "a crash in between lets the child end in another way than its parent was told",
    file: "lib/engine/activation.ts",
    find: "const entries = [...execution.versions",
    replace: "await tellFamily(engine, run, terminal, []);\n    const entries = [...execution.versions",
    also: [
      {
        file: "lib/engine/activation.ts",
        find: 'import { decide } from "./decide.ts";',
        replace: 'import { decide } from "./decide.ts";\nimport { tellFamily } from "./family.ts";',
      },
    ],
    noticedIn,
  },
  {
    name: "a parent is told after its child has closed",
    invariant: "J4",
    why: "a crash in between leaves a parent that waits for ever",
    file: "lib/engine/leave.ts",
    find: "  await tellFamily(engine, run, terminal, children);\n",
    replace: "",
    also: [
      {
        file: "lib/engine/leave.ts",
        find: 'if (!result.ok) return { kind: "replaced" };\n  await leaveLimitersAgain',
        replace:
          'if (!result.ok) return { kind: "replaced" };\n  await tellFamily(engine, run, terminal, children);\n  await leaveLimitersAgain',
      },
    ],
    noticedIn,
  },
  {
    name: "a child's end wakes nobody",
    invariant: "W1",
    why: "its parent sleeps on",
    file: family,
    find: "  await wake(engine, parentId);\n",
    replace: "",
    noticedIn,
  },
  {
    name: "a parent that has closed is told of its child's end",
    invariant: "code",
    why: "facts pile up for runs that are closed or gone",
    file: family,
    find: "if (parent === undefined || isClosed(parent.status)) return;",
    replace: "",
    noticedIn,
  },
  {
    name: "children are abandoned whatever their policy",
    invariant: "code",
    why: "what was to end with its parent goes on",
    file: family,
    find: "for (const child of children) await endChild(",
    replace: "for (const child of children.slice(0, 0)) await endChild(",
    noticedIn,
  },
  {
    name: "children are cancelled whatever their policy",
    invariant: "code",
    why: "what was to outlive its parent ends with it",
    file: "lib/engine/open-children.ts",
    find: 'onParentClose === "cancel" && id.startsWith(scope)',
    replace: "onParentClose !== undefined && id.startsWith(scope)",
    noticedIn,
  },
  {
    name: "a parent does not wait for the children that it is to wait for",
    invariant: "code",
    why: "it is said to have ended while its children work",
    file: "lib/engine/execution.ts",
    find: "if (this.awaited.size === 0) this.#end(ended);",
    replace: "if (this.awaited.size >= 0) this.#end(ended);",
    noticedIn,
  },
  {
    name: "a child that was given up is not told",
    invariant: "code",
    why: "it works on for a parent that does not listen",
    file: child,
    find: "if (!isWanted && !call.isSettledOutside) decision.cancelChildren.push(call);",
    replace: "",
    noticedIn,
  },
  {
    name: "a child that was given up is cancelled whatever its policy",
    invariant: "code",
    why: "what was to outlive its parent ends when the parent looks away",
    file: child,
    find: 'call.startedAt === undefined || call.onParentClose !== "cancel"',
    replace: "call.startedAt === undefined",
    noticedIn,
  },
  {
    name: "a parent is not told how its child has ended",
    invariant: "code",
    why: "a child that was cancelled looks like one that broke",
    file: perform,
    find: "failure: fact.outcome.failure, status: fact.status",
    replace: "failure: fact.outcome.failure",
    noticedIn,
  },
  {
    name: "a parent's result points to a blob of its child",
    invariant: "C1",
    why: "the parent's value is gone when the child's are removed",
    file: "lib/engine/move-payload.ts",
    find: 'if (!("blob" in payload)) return payload;',
    replace: "if (payload !== undefined) return payload;",
    noticedIn,
  },
  {
    name: "a child whose code is not deployed fails its call",
    invariant: "D1",
    why: "a deployment in the wrong order fails runs instead of stalling them",
    file: perform,
    find: 'if (error.code !== "E_UNKNOWN_WORKFLOW") return',
    replace: "return",
    noticedIn,
  },
];
