// A process of its own for jobs.ts: tries the seeds it is sent, one after the other. Ends when nobody listens any more.
import type { FromJob, ToJob } from "./jobs.ts";
import { tallyOf } from "./report.ts";
import { tryout } from "./trial.ts";

let underWay = 0;
const send = (message: FromJob) => process.send?.(message);

process.on("unhandledRejection", (error) => {
  const what = error instanceof Error ? error.stack : String(error);
  send({ kind: "broken", what: `seed ${underWay}: nobody handles ${what}` });
});
process.on("message", ({ first, end }: ToJob) => {
  void (async () => {
    for (underWay = first; underWay < end && process.connected; underWay += 1)
      send({ kind: "tally", tally: tallyOf(await tryout(underWay)) });
    send({ kind: "ready" });
  })();
});
process.on("disconnect", () => process.exit(0));
send({ kind: "ready" });
