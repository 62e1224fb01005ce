// Journals of every behaviour that the engine has had (lib/engine/behaviour.ts): runs that were in flight when Perdure
// was upgraded replay for ever. A new golden workflow, or a new behaviour, brings a journal of its own:
//
//   SAVE_JOURNALS=1 npx vitest run --project unit test/golden/journals.test.ts
//
// What is in the folder is never written over. A journal that no longer replays means that the engine has changed under
// runs in flight: give the change a number, and let older runs behave as before.
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { BEHAVIOUR } from "../../lib/engine/behaviour.ts";
import { replayAll } from "../../lib/testing/index.ts";
import { saveJournal } from "../../lib/testing/saved-journal.ts";
import { under } from "../engine/modes.ts";
import { loadGoldens, type NamedGolden } from "./golden.ts";
import { play } from "./play.ts";

const goldens = await loadGoldens();
const FOLDER = join(import.meta.dirname, "journals");
const fileOf = ({ name }: NamedGolden) => `${name}.${BEHAVIOUR}.json`;

describe.skipIf(under(["suspend-at-every-await", "hand-off-after-every-step"], "no activation is looked at"))(
  "saved journals of the golden workflows",
  () => {
    it("are there for each of them, of the newest behaviour", async () => {
      if (process.env["SAVE_JOURNALS"] === "1") await saveMissing();
      expect(readdirSync(FOLDER)).toEqual(expect.arrayContaining(goldens.map(fileOf)));
    });

    it.each(goldens)("replay, of every behaviour: $name", async ({ name, workflow }) => {
      const files = readdirSync(FOLDER).filter((file) => file.startsWith(`${name}.`));
      expect(files.length).toBeGreaterThanOrEqual(1);
      const { journals } = await replayAll(
        files.map((file) => join(FOLDER, file)),
        [workflow],
      );
      expect(journals).toBe(files.length);
    });
  },
);

async function saveMissing(): Promise<void> {
  for (const golden of goldens) {
    const path = join(FOLDER, fileOf(golden));
    if (existsSync(path)) continue;
    const { lab, runId } = await play(golden);
    const journal = await saveJournal(lab.engine, runId);
    writeFileSync(path, `${JSON.stringify(journal, undefined, 1)}\n`);
  }
}
