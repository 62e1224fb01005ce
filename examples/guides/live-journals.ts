// Journals of the runs that a deployment would meet, as the API gives them: for `replayAll`.
import { collectJournal, type SavedJournal } from "perdure/testing";

const OPEN = "pending,running,suspended,paused,stalled";
type RunPage = { readonly runs: readonly { readonly runId: string }[]; readonly cursor?: string };

/** `get` asks the API for a path: signed, if the API wants that. */
export async function liveJournals(
  workflow: string,
  get: (path: string) => Promise<Response>,
): Promise<readonly SavedJournal[]> {
  const read = async (path: string) => {
    const response = await get(path);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return await response.json();
  };
  const journals: SavedJournal[] = [];
  for (let cursor = ""; ; ) {
    const page = (await read(`/runs?workflow=${workflow}&status=${OPEN}${cursor}`)) as RunPage;
    for (const { runId } of page.runs) {
      const saved = `/runs/${runId}/journal/saved`;
      journals.push(
        await collectJournal(async (after) => read(after === undefined ? saved : `${saved}?after=${after}`)),
      );
    }
    if (page.cursor === undefined) return journals;
    cursor = `&cursor=${encodeURIComponent(page.cursor)}`;
  }
}
