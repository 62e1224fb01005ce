// Steps that run in a Lambda of their own (lib/engine/run-step.ts, step-dispatcher.ts).
import type { Area } from "../mutant.ts";

const runStep = "lib/engine/run-step.ts";
const dispatcher = "lib/engine/step-dispatcher.ts";
const noticedIn = ["test/engine/step-handlers.test.ts"];

export const stepHandlers: Area = [
  {
    name: "a step is run although another handler holds its claim",
    invariant: "J1",
    why: "its side effect happens twice",
    file: runStep,
    find: "if (!ok) return later(claim.leaseUntil - now + 500);",
    replace: "",
    noticedIn,
  },
  {
    name: "a step whose result is stored is run again",
    invariant: "J4",
    why: "each delivery too many repeats the side effect",
    file: runStep,
    find: "if ((await readFact(ports.store, runId, stepFactKey(seq))) !== undefined)",
    replace: "if (seq < 0)",
    also: [
      {
        file: runStep,
        find: "if (isAnswered || (await ports.store.journal.retired(run.runId, stepFactKey(seq))) !== undefined)",
        replace: "if (isAnswered && seq < 0)",
      },
    ],
    noticedIn,
  },
  {
    name: "a handler that froze before its claim does not look for a result",
    invariant: "J4",
    why: "it repeats a step that another handler has finished meanwhile",
    file: runStep,
    find: "if (isAnswered || (await ports.store.journal.retired(run.runId, stepFactKey(seq))) !== undefined)",
    replace: "if (isAnswered && seq < 0)",
    noticedIn,
  },
  {
    name: "a handler that lost its claim records its own abort",
    invariant: "J1",
    why: "the step has failed for the workflow although another handler runs it",
    file: runStep,
    find: "if (over.signal.aborted && !result.ok)",
    replace: "if (seq < 0)",
    noticedIn,
  },
  {
    name: "a step's result is stored and not announced",
    invariant: "W1",
    why: "the run waits for the sweeper",
    file: runStep,
    find: "await wake(engine, runId);",
    replace: "",
    noticedIn,
  },
  {
    name: "a retry is judged by the record of the error",
    invariant: "code",
    why: "retryIf does not know the class of the error it is asked about",
    file: runStep,
    find: "retry: decideRetry(",
    replace: "ignored: decideRetry(",
    noticedIn,
  },
  {
    name: "a dispatched step's message is never sent again",
    invariant: "W4",
    why: "a message that was lost loses its step",
    file: dispatcher,
    find: "return seq <= lastSeq && !isCheckDue;",
    replace: "return seq <= lastSeq;",
    noticedIn,
  },
  {
    name: "each activation sends every dispatched step again",
    invariant: "code",
    why: "a busy handler gets a message for each signal of the run",
    file: dispatcher,
    find: "return seq <= lastSeq && !isCheckDue;",
    replace: "return seq < 0 && !isCheckDue;",
    noticedIn,
  },
  {
    name: "a hand-off forgets the step it has just dispatched",
    invariant: "W3",
    why: "META vouches for a message that was not sent",
    file: "lib/engine/activation.ts",
    find: "await this.#dispatcher.send(this.#decide().dispatched);\n",
    replace: "",
    noticedIn,
  },
  {
    name: "a step whose handler is gone waits for ever",
    invariant: "code",
    why: "nobody is told that something must be deployed",
    file: "lib/engine/kinds/step.ts",
    find: "if (call.on === undefined || !situation.hasHandler(call.on)) decision.missingHandler ??= call;",
    replace: "",
    noticedIn,
  },
];
