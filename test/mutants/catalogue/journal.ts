// Appending to the journal and delivering from it (lib/engine/journal-writer.ts, activation.ts, step-runner.ts).
import type { Area } from "../mutant.ts";

const writer = "lib/engine/journal-writer.ts";
const activation = "lib/engine/activation.ts";
const runner = "lib/engine/step-runner.ts";
const TAKEOVER = ["test/engine/lease-takeover.test.ts"];

export const journal: Area = [
  {
    name: "a slot that somebody else has taken is believed to be won",
    invariant: "J1",
    why: "the workflow goes on with a value that is not in its journal",
    file: writer,
    find: "if (!result.ok) throw this.#lostSlot(result.existing);",
    replace: "void result;",
    noticedIn: TAKEOVER,
  },
  {
    name: "an owner that was replaced adopts its successor's entry and goes on",
    invariant: "J2",
    why: "two owners work on one run",
    file: writer,
    find: "return existing.fence > fence\n",
    replace: "return existing.fence < 0\n",
    also: [{ file: "lib/engine/activate.ts", find: "if (newest > run.fence)", replace: "if (newest < 0)" }],
    noticedIn: TAKEOVER,
  },
  {
    name: "a former owner's late entry counts as having been replaced",
    invariant: "J2",
    why: "the owner gives the run up for a whole lease, and the next one has the same entry before it",
    file: writer,
    find: "return existing.fence > fence\n",
    replace: "return existing.fence > 0\n",
    noticedIn: TAKEOVER,
  },
  {
    name: "an owner appends after it has lost its lease",
    invariant: "J1, J2",
    why: "its entries go between those of its successor",
    file: writer,
    find: "if (this.#options.signal.aborted)\n",
    replace: "if (this.#options.signal === undefined)\n",
    also: [
      {
        file: activation,
        find: "if (this.#options.signal.aborted)\n        throw new LeaseLost",
        replace: "if (this.#options === undefined)\n        throw new LeaseLost",
      },
    ],
    noticedIn: TAKEOVER,
  },
  {
    name: "all owners write the same mark",
    invariant: "J2",
    why: "an owner takes its successor's entry for its own",
    file: writer,
    find: "const { engine, owner, run } = this.#options;\n    this.#checkLease();",
    replace: 'const { engine, run } = this.#options;\n    const owner = "anybody";\n    this.#checkLease();',
    noticedIn: TAKEOVER,
  },
  {
    name: "a checkpoint takes any number of entries",
    invariant: "code",
    why: "the table refuses it, and the run is stuck",
    file: writer,
    find: "chunk.length >= maxEntries ||",
    replace: "",
    noticedIn: ["test/engine/bounds.test.ts"],
  },
  {
    name: "a checkpoint takes any number of bytes",
    invariant: "code",
    why: "the table refuses an item above 400 KB, and the run is stuck",
    file: writer,
    find: "|| sizeBytes + entryBytes > MAX_CHECKPOINT_BYTES",
    replace: "",
    noticedIn: ["test/engine/bounds.test.ts"],
  },
  {
    name: "results are delivered before they are in the journal",
    invariant: "J3, J4",
    why: "a crash in between makes the code decide otherwise the next time",
    file: activation,
    find: "const first = await writer.append(entries);",
    replace: `const first = writer.lastSeq + 1;
    for (const [i, entry] of entries.entries()) await deliverEntry(engine, execution, first + i, entry);
    await writer.append(entries);`,
    also: [
      {
        file: activation,
        find: "if (execution.fault !== undefined) return;\n      if (entry.type",
        replace: "return;\n      if (entry.type",
      },
    ],
    noticedIn: ["test/engine/journal-first.test.ts"],
  },
  {
    name: "the terminal entry is not written",
    invariant: "C1, J4",
    why: "META says that the run has ended and its journal does not",
    file: activation,
    find: "const first = await writer.append(entries);\n    for (const [i, entry] of entries.entries()) execution",
    replace: "const first = writer.lastSeq + 1;\n    for (const [i, entry] of entries.entries()) execution",
    noticedIn: ["test/engine/steps.test.ts"],
  },
  {
    name: "a step that is running is started again",
    invariant: "J3",
    why: "its side effect happens twice",
    file: "lib/engine/kinds/step.ts",
    find: "if (situation.isRunning(call)) return;",
    replace: "",
    noticedIn: ["test/engine/steps.test.ts"],
  },
  {
    name: "a result that has settled does not keep the activation",
    invariant: "J3",
    why: "it is thrown away while a message is being sent, and the step runs again",
    file: runner,
    find: " || this.#settled.length > 0 ",
    replace: " ",
    noticedIn: TAKEOVER,
  },
  {
    name: "results are thrown away when another one could not be stored",
    invariant: "J3",
    why: "steps that have succeeded run again",
    file: runner,
    find: "if (this.#broken !== undefined && settled.size === 0 && this.#running.size === 0)",
    replace: "if (this.#broken !== undefined)",
    noticedIn: TAKEOVER,
  },
  {
    name: "a step whose result could not be stored is started again at once",
    invariant: "code",
    why: "its side effect happens again and again beside a longer step",
    file: runner,
    find: "if (this.#broken !== undefined) return;",
    replace: "",
    noticedIn: TAKEOVER,
  },
  {
    name: "any number of steps runs at once",
    invariant: "code",
    why: "a fan-out of thousands uses up the sockets and the memory of its process",
    file: runner,
    find: "calls.slice(0, MAX_PARALLEL_STEPS - this.#running.size)",
    replace: "calls",
    noticedIn: ["test/engine/bounds.test.ts"],
  },
];
