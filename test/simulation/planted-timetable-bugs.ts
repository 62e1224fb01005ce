// Schedules with one guard missing (planted-bugs.ts). The simulator must find each of them.
import { encode } from "../../lib/engine/codec.ts";
import { shortDigest } from "../../lib/engine/digest.ts";
import { SCHEDULE_SIGNAL, type ScheduleEvent } from "../../lib/engine/schedules/events.ts";
import type { Fact } from "../../lib/ports/journal.ts";
import type { Run } from "../../lib/ports/run.ts";
import { changed, type Plant } from "./planted-bugs.ts";

const closedKeyOf = (runId: string) => `signal-closed-${shortDigest(runId)}`;

/** H3 broken: of the ends that a schedule is told, the first alone is kept. */
export const endsAreToldOnce: Plant = (ports) => {
  const { journal } = ports.store;
  const told = new Map<string, string>();
  const putFact: typeof journal.putFact = async (runId, fact) => {
    const isEnd = fact.key.startsWith("signal-closed-");
    if (isEnd && !told.has(runId)) told.set(runId, fact.key);
    return !isEnd || told.get(runId) === fact.key ? await journal.putFact(runId, fact) : { stored: true };
  };
  return { ...ports, store: { ...ports.store, journal: changed(journal, { putFact }) } };
};

/** H3 broken: a schedule is told of the end of a run when it begins. */
export const endsAreToldAtOnce: Plant = (ports) => {
  const { runs, journal } = ports.store;
  const tell = async ({ runId, createdAt }: Run, schedule: string) => {
    const event: ScheduleEvent = { type: "closed", runId, status: "succeeded" };
    const value = encode(event);
    const key = closedKeyOf(runId);
    const fact: Fact = { kind: "signal", key, at: createdAt, signal: SCHEDULE_SIGNAL, value };
    await journal.putFact(schedule, fact);
  };
  const create: typeof runs.create = async (run) => {
    const answer = await runs.create(run);
    if (answer.created && run.scheduled !== undefined && run.parent !== undefined)
      await tell(run, run.parent.runId);
    return answer;
  };
  return { ...ports, store: { ...ports.store, runs: changed(runs, { create }) } };
};
