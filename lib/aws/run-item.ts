// META as an item of the table, and back. Owns which attributes META has; decides nothing.
//
// Besides the fields of `Run` the item carries its places in the indexes and
//   outcome   the status, only when closed or stalled: the list index shows it without following every status change
//   mark      who wrote last among the writes that need to know it (dynamo-write.ts)
// `sweepAt` lies in the table as `sweepSk`, the sort key of the sweep index. A closed run has left the sweeper's
// partition of that index (W4), and stands in the expiry partition, where retention finds it.
// META is kept small because every update bills the whole item: names cost bytes, absent values cost none.
import { asRun } from "../engine/stored-forms.ts";
import type { ArmedTimer, Attributes, ClosedStatus, Fold, Run, StallReason, Wait } from "../ports/run.ts";
import { isClosed } from "../ports/run.ts";
import {
  type Item,
  type Key,
  listPartition,
  listPosition,
  metaKey,
  runIdOf,
  shardOf,
  sweepPartition,
  type Table,
} from "./table.ts";

/** Fields of a run that are attributes of the same name. The type says that none is forgotten. */
type PlainField = Exclude<keyof Run, "runId" | "sweepAt">;
const PLAIN_FIELDS = Object.keys({
  workflow: true,
  version: true,
  status: true,
  input: true,
  inputHash: true,
  createdAt: true,
  closedAt: true,
  startAt: true,
  deadline: true,
  parent: true,
  forkedFrom: true,
  scheduled: true,
  folds: true,
  limiters: true,
  behaviour: true,
  fence: true,
  leaseOwner: true,
  leaseUntil: true,
  wake: true,
  handled: true,
  fails: true,
  lastSeq: true,
  nextWakeAt: true,
  checkAt: true,
  timer: true,
  waits: true,
  stalled: true,
  attributes: true,
  paused: true,
  expiresAt: true,
} satisfies Record<PlainField, true>);

/** The attributes that an update of META may name. */
export interface RunChange extends Item {
  readonly status?: Run["status"];
  readonly closedAt?: number;
  readonly leaseOwner?: string | undefined;
  readonly leaseUntil?: number | undefined;
  readonly wake?: number;
  readonly handled?: number;
  readonly fails?: number;
  readonly lastSeq?: number;
  readonly nextWakeAt?: number | undefined;
  readonly checkAt?: number | undefined;
  readonly timer?: ArmedTimer | undefined;
  readonly waits?: readonly Wait[];
  readonly stalled?: StallReason | undefined;
  readonly attributes?: Attributes;
  readonly paused?: true | undefined;
  readonly outcome?: ClosedStatus | "stalled" | undefined;
  readonly expiresAt?: number;
  readonly folds?: readonly Fold[];
  readonly sweepPk?: string;
  readonly sweepSk?: number;
  readonly mark?: string;
}

/** The item of a run that is being created. */
export function toRunItem(table: Table, run: Run, mark: string): Item & Key {
  const { runId, sweepAt, ...fields } = run;
  const shard = shardOf(runId);
  return {
    ...metaKey(runId),
    ...fields,
    listPk: listPartition(table, run.workflow, shard),
    listSk: listPosition(run.createdAt, runId),
    ...(isClosed(run.status) || run.status === "stalled" ? { outcome: run.status } : {}),
    ...(sweepAt === undefined ? {} : { sweepPk: sweepPartition(table, "sweep", shard), sweepSk: sweepAt }),
    mark,
  };
}

/** Where a closed run stands in the sweep index: it left the sweeper's partition and waits for retention. */
export function expiryPlace(
  table: Table,
  runId: string,
  expiresAt: number,
): Pick<RunChange, "sweepPk" | "sweepSk"> {
  return { sweepPk: sweepPartition(table, "expiry", shardOf(runId)), sweepSk: expiresAt * 1_000 };
}

/** @throws E_CORRUPT, E_NEWER_FORMAT */
export function fromRunItem(item: Item): Run {
  const fields = PLAIN_FIELDS.flatMap((name) =>
    item[name] === undefined ? [] : [[name, item[name]] as const],
  );
  const open = item.closedAt === undefined && item.sweepSk !== undefined;
  const run = {
    ...Object.fromEntries(fields),
    runId: runIdOf(item),
    ...(open ? { sweepAt: item.sweepSk } : {}),
  };
  return asRun(run, `The item ${String(item.pk)} META`);
}
