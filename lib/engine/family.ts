// What a run owes its family when it ends: its children are told, as their policies say, and its parent hears how it went.
// After the terminal entry and before META closes (J4), so that whoever finds the run half closed does it again; a
// child that was told and a fact that is there are not harmed by that.
import type { Entry, Fact, TerminalEntry } from "../ports/journal.ts";
import type { Payload } from "../ports/payload.ts";
import { isClosed, type Run } from "../ports/run.ts";
import { cancelQuietly } from "./cancel-run.ts";
import type { Engine } from "./engine.ts";
import { childFactKey } from "./kinds/child.ts";
import { OpenChildren } from "./open-children.ts";
import { closedStatusOf } from "./terminal.ts";
import { wake } from "./wake.ts";

/** Run ids of children that are to end with their parent. */
export function childrenToCancel(entries: readonly Entry[]): readonly string[] {
  const open = new OpenChildren();
  for (const entry of entries) open.note(entry);
  return open.toCancel();
}

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
  callId: string,
  terminal: TerminalEntry,
): Promise<void> {
  const { store } = engine.ports;
  const parent = await store.runs.get(parentId);
  if (parent === undefined || isClosed(parent.status)) return;
  const outcome =
    terminal.type === "run.succeeded"
      ? { ok: true as const, value: await moved(engine, parentId, terminal.value) }
      : {
          ok: false as const,
          failure: { ...terminal.failure, error: await moved(engine, parentId, terminal.failure.error) },
        };
  const status = closedStatusOf(terminal);
  const fact: Fact = { kind: "child", key: childFactKey(callId), at: terminal.at, status, outcome };
  await store.journal.putFact(parentId, fact);
  await wake(engine, parentId);
}

/** A blob lives as long as the run it belongs to: the parent gets one of its own. */
async function moved({ ports }: Engine, runId: string, payload: Payload): Promise<Payload> {
  if (!("blob" in payload)) return payload;
  return { ...payload, blob: await ports.blobs.put(runId, await ports.blobs.get(payload.blob)) };
}
