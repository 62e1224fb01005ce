// What a run owes its family when it ends: its children are told, as their policies say, and its parent hears how it went.
// After the terminal entry and before META closes (J4), so that whoever finds the run half closed does it again; a
// child that was told and a fact that is there are not harmed by that.
import type { Fact, TerminalEntry } from "../ports/journal.ts";
import { isClosed, type Run } from "../ports/run.ts";
import { cancelQuietly } from "./cancel-run.ts";
import type { Engine } from "./engine.ts";
import { childFactKey } from "./kinds/child.ts";
import { movePayload } from "./move-payload.ts";
import { closedStatusOf } from "./terminal.ts";
import { wake } from "./wake.ts";

export async function tellFamily(
  engine: Engine,
  run: Run,
  terminal: TerminalEntry,
  children: readonly string[],
): Promise<void> {
  for (const child of children) await cancelQuietly(engine, child, `its parent ${run.runId} has ended`);
  if (run.parent?.awaits) await tellParent(engine, run.parent.runId, run.parent.id, terminal);
}

async function tellParent(
  engine: Engine,
  parentId: string,
  call: string,
  terminal: TerminalEntry,
): Promise<void> {
  const { store } = engine.ports;
  const parent = await store.runs.get(parentId);
  if (parent === undefined || isClosed(parent.status)) return;
  const outcome =
    terminal.type === "run.succeeded"
      ? { ok: true as const, value: await movePayload(engine, parentId, terminal.value) }
      : {
          ok: false as const,
          failure: {
            ...terminal.failure,
            error: await movePayload(engine, parentId, terminal.failure.error),
          },
        };
  const status = closedStatusOf(terminal);
  const fact: Fact = { kind: "child", key: childFactKey(call), at: terminal.at, call, status, outcome };
  await store.journal.putFact(parentId, fact);
  await wake(engine, parentId);
}
