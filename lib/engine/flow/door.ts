// The door of a singleton that answers a start with the run that is there. Called by start-run.ts before the run is made:
// its slot is taken first, so that of two starts one makes a run. A starter that dies in between leaves a slot of a run
// that is not there, for START_LEASE_MS; one that is slower than that makes a run which then waits for its turn like any
// other (Q1), so that two never go on at once.
import { START_LEASE_MS, START_LOOK_MS } from "../../limits.ts";
import { isClosed, type Run } from "../../ports/run.ts";
import { PerdureError } from "../../sdk/errors.ts";
import type { AnyWorkflow } from "../../sdk/workflow.ts";
import type { Engine } from "../engine.ts";
import { limiterName, limiterRefsOf } from "./limiters.ts";
import { isGone, letIn, look } from "./line.ts";

/** Looks until a slot of nobody is certainly free, and some more for those who are as unlucky. */
const MAX_LOOKS = 4 * Math.ceil(START_LEASE_MS / START_LOOK_MS);

/** The open run that a start is answered with; nothing when it may make a run. */
export async function existingRun(
  engine: Engine,
  {
    workflow,
    runId,
    value,
  }: { readonly workflow: AnyWorkflow; readonly runId: string; readonly value: unknown },
): Promise<Run | undefined> {
  if (workflow.flowControl.singleton?.onConflict !== "use-existing") return undefined;
  const { store, clock } = engine.ports;
  const ref = limiterRefsOf(workflow, value).find((each) => each.startsWith("s/")) ?? "s/";
  const limiter = limiterName(workflow.name, ref);
  // The same start again.
  if ((await store.runs.get(runId)) !== undefined) return undefined;
  for (let looks = 0; looks < MAX_LOOKS; looks += 1) {
    if (await store.limits.take({ limiter, runId, limit: 1, now: clock.now() })) return undefined;
    const { holders, takenAt } = await look(engine, limiter);
    const [holder] = holders;
    if (holder === undefined) continue;
    const run = await store.runs.get(holder);
    if (run !== undefined && !isClosed(run.status)) return run;
    if (isGone(engine, run, takenAt)) {
      // If it comes after all, it takes its slot once more before it begins (slots.ts), and keeps it.
      await store.limits.release({ limiter, runId: holder, ...(run === undefined ? { takenAt } : {}) });
      // Before this start come those that stand in line: child runs, and runs that were forked.
      await letIn(engine, { name: limiter, limit: 1 });
    } else await clock.sleep(START_LOOK_MS);
  }
  throw new PerdureError(
    "E_INTERNAL",
    `Workflow "${workflow.name}" is one run at a time, and whether there is one could not be found out.`,
  );
}
