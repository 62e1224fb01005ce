// Failures in the log, when they are recorded. Names, not contents: what an error says may be a secret, where it was
// thrown is not.
import type { Entry } from "../ports/journal.ts";
import type { Log } from "../ports/log.ts";

export function logFailure(log: Log, runId: string, entry: Entry): void {
  if (!("failure" in entry)) return;
  const { name, code, where } = entry.failure;
  const of = { run: runId, ...("id" in entry ? { step: entry.id } : {}), error: name, code, where };
  log.warn(entry.type.replace(".", " "), of);
}
