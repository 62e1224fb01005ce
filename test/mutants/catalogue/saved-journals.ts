// Journals that are saved, in parts if they are large, and replayed as a whole (lib/api/saved-page.ts,
// lib/testing/saved-journal.ts, lib/engine/replay.ts).
import type { Area } from "../mutant.ts";

const whole = "lib/engine/replay.ts";
const page = "lib/api/saved-page.ts";
const saved = "lib/testing/saved-journal.ts";
const replayed = ["test/testing/replay-whole.test.ts", "test/testing/replay-all.test.ts"];
const inParts = ["test/api/saved-journal.test.ts"];

export const savedJournals: Area = [
  {
    name: "a whole replay does not ask whether the code began anew",
    invariant: "D1",
    why: "code that would not begin anew where a live run did passes the check before it is deployed",
    file: whole,
    find: "    if (begins !== undefined) execution.checkBeginsAnew(begins.seq);\n",
    replace: "",
    noticedIn: replayed,
  },
  {
    name: "a whole replay passes over differences before the last beginning",
    invariant: "D1",
    why: "code that has changed what an earlier generation did passes the check",
    file: whole,
    find: "if (begins === undefined || execution.fault !== undefined) return { execution, delivered };",
    replace: "if (begins === undefined) return { execution, delivered };",
    noticedIn: replayed,
  },
  {
    name: "a whole replay gives a run that began late the time at which it was made",
    invariant: "D1",
    why: "code that looks at the time goes another way than the run went",
    file: whole,
    find: 'if (entries[0]?.entry.type === "run.began") begins = entries.shift();',
    replace: 'if (entries[0]?.entry.type === "run.began") entries.shift();',
    noticedIn: [...replayed, "test/engine/late-beginning.test.ts"],
  },
  {
    name: "a part of a saved journal repeats what the part before it ended with",
    invariant: "code",
    why: "a journal that is put together has entries twice, and cannot be read",
    file: page,
    find: "entries.slice(Math.max(0, last + 1 - first))",
    replace: "entries",
    noticedIn: inParts,
  },
  {
    name: "a saved journal is one answer, however large",
    invariant: "code",
    why: "a Lambda cannot answer with it: the journal can never be saved",
    file: page,
    find: "      if (sizeChars > MAX_VALUE_BYTES && (parts.size > 0 || input !== undefined)) return page(true);\n",
    replace: "",
    noticedIn: inParts,
  },
  {
    name: "a part of a saved journal has no room for an entry that is as large as a part",
    invariant: "code",
    why: "the parts come to no end, or the journal cannot be put together",
    file: page,
    find: "if (sizeChars > MAX_VALUE_BYTES && (parts.size > 0 || input !== undefined)) return page(true);",
    replace: "if (sizeChars > MAX_VALUE_BYTES) return page(true);",
    noticedIn: inParts,
  },
  {
    name: "a part of a saved journal does not say that more follows",
    invariant: "code",
    why: "what is saved of a long run is its beginning, and passes for all of it",
    file: page,
    find: "return page(behind.length > 0);",
    replace: "return page(false);",
    noticedIn: inParts,
  },
  {
    name: "whoever collects a saved journal asks for the first part again and again",
    invariant: "code",
    why: "a large journal cannot be put together",
    file: saved,
    find: "part = readPart(await get(after));",
    replace: "part = readPart(await get());",
    noticedIn: inParts,
  },
  {
    name: "a saved journal may have gaps",
    invariant: "code",
    why: "a file that was cut passes, and what it lacks is not checked",
    file: saved,
    find: "    if (checkpoint.first !== next)\n",
    replace: "    if (checkpoint.first < next)\n",
    noticedIn: replayed,
  },
];
