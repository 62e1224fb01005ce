// Holders, lines and paces as items of the table (lib/aws/dynamo-limits.ts).
import type { Area } from "../mutant.ts";

const file = "lib/aws/dynamo-limits.ts";
const noticedIn = ["test/aws/dynamo-store.test.ts"];
const damaged = ["test/fuzz/stored-extras.test.ts"];

export const limitsDynamodb: Area = [
  {
    name: "on DynamoDB, a run that has a slot is refused when it takes it again",
    invariant: "Q3",
    why: "who repeats a request stands in line behind itself",
    file,
    find: "(size(#holders) < :limit OR contains(#holders, :runId))",
    replace: "size(#holders) < :limit",
    noticedIn,
  },
  {
    name: "on DynamoDB, a slot is given back although another run has taken it since",
    invariant: "Q2",
    why: "a run that died and came back loses the slot that it holds again",
    file,
    find: " AND #takenAt = :takenAt",
    replace: " AND (#takenAt = :takenAt OR #takenAt <> :takenAt)",
    noticedIn,
  },
  {
    name: "on DynamoDB, a place of a pace is given out twice",
    invariant: "Q1",
    why: "more runs begin than the rate allows",
    file,
    find: "add: { nextAt: intervalMs },",
    replace: "add: { nextAt: 0 },",
    noticedIn,
  },
  {
    name: "on DynamoDB, holders that are no set count as nobody",
    invariant: "code",
    why: "a damaged limiter lets everybody in, or nobody, and says nothing",
    file,
    find: 'if (!(holders instanceof Set) || !isTime(takenAt)) throw unreadable(item, "the holders of a limiter");',
    replace: "if (!(holders instanceof Set)) return { holders: [] };",
    noticedIn: damaged,
  },
  {
    name: "on DynamoDB, who is in line counts whatever its item holds",
    invariant: "code",
    why: "a damaged place in line is passed over, or blocks the line, and nobody is told",
    file,
    find: 'if (typeof runId !== "string" || !isTime(createdAt)) throw unreadable(item, "a run in line");',
    replace: "if (!isTime(createdAt)) return { runId: String(runId), createdAt: 0 };",
    noticedIn: damaged,
  },
  {
    name: "on DynamoDB, a damaged pace is asked again and again",
    invariant: "code",
    why: "runs fail to begin, and the error does not name the item",
    file,
    find: "if (idle.standing !== undefined && !isTime(idle.standing.nextAt))",
    replace: "if (idle.standing === null)",
    noticedIn: damaged,
  },
];
