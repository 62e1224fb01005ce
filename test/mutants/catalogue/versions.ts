// Which branch of a change a run is on (lib/engine/versions.ts, replay.ts, activation.ts).
import type { Area } from "../mutant.ts";

const versionsFile = "lib/engine/versions.ts";
const replay = "lib/engine/replay.ts";
const activation = "lib/engine/activation.ts";
const noticedIn = ["test/engine/versions.test.ts"];
const inLoops = ["test/engine/versions-in-loops.test.ts"];

export const versions: Area = [
  {
    name: "the choice of a branch is not recorded",
    invariant: "J3, D1",
    why: "the next activation takes the other branch",
    file: activation,
    find: "const marks = execution.versions.takeUnrecorded(now);",
    replace: "const marks: never[] = [];\n      execution.versions.takeUnrecorded(now);",
    noticedIn,
  },
  {
    name: "the choice of a branch is recorded after what depends on it",
    invariant: "J3, D1",
    why: "a crash between two checkpoints leaves steps of a branch that nobody chose",
    file: activation,
    find: "        ...marks,\n        ...settled.values(),",
    replace: "        ...settled.values(),",
    also: [
      {
        file: activation,
        find: "        ...performed,\n",
        replace: "        ...performed,\n        ...marks,\n",
      },
    ],
    noticedIn,
  },
  {
    name: "a branch that is chosen last is not in the journal",
    invariant: "code",
    why: "nobody can tell which branches runs have taken",
    file: activation,
    find: "...execution.versions.takeUnrecorded(terminal.at), ...said, terminal",
    replace: "...said, terminal",
    noticedIn,
  },
  {
    name: "a run in flight takes the new branch",
    invariant: "D1",
    why: "it stalls with every deployment",
    file: versionsFile,
    find: "if (!this.isAtEnd) {",
    replace: "if (change === undefined) {",
    noticedIn,
  },
  {
    name: "a replay does not know the branch that was chosen",
    invariant: "D1",
    why: "it takes the oldest one",
    file: replay,
    find: "  execution.versions.foresee(rest);\n  await execution.start();\n",
    replace: "  await execution.start();\n",
    noticedIn,
  },
  {
    name: "a turn ends before the branch that its history told is recorded",
    invariant: "V1",
    why: "a process that takes over knows nothing of that history, and the run changes its branch",
    file: "lib/engine/turn-over.ts",
    find: "const marks = execution.versions.takeImplied(scopeOfTurn(id, next.turn - 1), engine.ports.clock.now());",
    replace: "const marks: Entry[] = [];",
    noticedIn: inLoops,
  },
  {
    name: "a mark rules turns that had ended before it",
    invariant: "V2",
    why: "who replays them meets steps of another branch than the one they were made by",
    file: versionsFile,
    find: "return hasEnded ? undefined : mark.version;",
    replace: "return mark.version;",
    noticedIn: inLoops,
  },
  {
    name: "what a turn that has ended asked is known to the next one",
    invariant: "V2",
    why: "the next one did not know it when it took the newest branch",
    file: "lib/engine/execution.ts",
    find: "    this.versions.forgetBelow(scope);\n",
    replace: "",
    noticedIn: inLoops,
  },
  {
    name: "a run that has come to the end of its journal takes the old branch",
    invariant: "code",
    why: "a change never reaches the runs in flight",
    file: replay,
    find: "execution.versions.isAtEnd = seq === lastSeq;",
    replace: "",
    noticedIn,
  },
  {
    name: "a branch that the code no longer has is given out",
    invariant: "D1",
    why: "the code does something that nobody wrote",
    file: versionsFile,
    find: "if (version >= from && version <= to) return version;",
    replace: "if (version >= 0) return version;",
    noticedIn,
  },
  {
    name: "a branch that the code no longer has fails the run",
    invariant: "D1",
    why: "what a deployment could mend has ended",
    file: "lib/engine/context.ts",
    find: "if (error instanceof PerdureError) execution.fault ??= error;",
    replace: "",
    noticedIn,
  },
];
