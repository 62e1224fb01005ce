// Keeps a rejection that nobody listens to from ending the process.
//
// A workflow may start a branch, await something else first, and look at the branch later or never. The engine sees to
// the promises of its own calls, but a branch that awaits one has a promise of its own; when it fails before anybody
// looks, that is an unhandled rejection to Node. Lambda's runtime answers one by reporting the invocation as failed and
// calling process.exit(128); the next activation would replay to the same place and end the same way, until the run
// counts as poison. (aws-lambda-nodejs-runtime-interface-client, src/index.mjs: it registers its listener before it loads the
// function, so a function that is being loaded can replace it.)
//
// So it is logged, and the run goes on: its own outcome decides. Uncaught exceptions are left to the runtime: after one
// nothing is known about the state of the process.
import { describeThrown } from "../engine/index.ts";
import type { Log } from "../ports/log.ts";

/** Called while the function is loaded. Calling it again replaces the log and nothing else. */
export function surviveRejections(log: Log): void {
  process.removeAllListeners("unhandledRejection");
  process.on("unhandledRejection", (reason) => {
    // Names, not contents: what an error says may be a secret (log-failure.ts).
    const { name, code, where } = describeThrown(reason);
    log.warn("a rejection that nobody awaited", { error: name, code, where });
  });
}
