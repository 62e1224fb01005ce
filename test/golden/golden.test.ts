import { globSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { isWorkflow } from "../../lib/sdk/workflow.ts";
import type { PortCall } from "../engine/lab.ts";
import { unlessPlain } from "../engine/modes.ts";
import { loadGoldens } from "./golden.ts";
import { play } from "./play.ts";

const goldens = await loadGoldens();

/** What a crash sweep over the set comes before and after. */
const CALLS = [
  ...["claim", "renew", "suspend", "close", "get", "raise", "create"].map((method) => `runs.${method}`),
  ...["load", "append", "facts", "fact", "putFact", "claimStep", "renewStep"].map(
    (method) => `journal.${method}`,
  ),
  "wakeUps.send",
  "steps.send",
  "journal.putNote",
  "journal.appendWith",
  "journal.retire",
  "journal.retired",
  "events.put",
  "timers.arm",
  "timers.disarm",
  "blobs.put",
  "blobs.get",
  "delivery.remove",
  "delivery.extend",
];

describe("a golden workflow", () => {
  it.each(goldens)("comes to its outcome: $name", async (golden) => {
    const { outcome, effects } = await play(golden);
    expect(outcome).toEqual(golden.outcome);
    expect(effects.length, "no attempt begins twice").toBe(new Set(effects).size);
  });

  it.skipIf(unlessPlain("which calls are made is the mode's"))(
    "makes, with the others, every call of a port that a process makes while nothing fails",
    async () => {
      const made = new Set<string>();
      const watch = ({ port, method }: PortCall) => {
        made.add(`${port}.${method}`);
        return "go on" as const;
      };
      for (const golden of goldens) await play(golden, { watch, lab: { sweepEveryMs: "never" } });
      expect([...made]).toEqual(expect.arrayContaining(CALLS));
    },
  );

  it("is there for every workflow of the examples", async () => {
    const folder = join(import.meta.dirname, "../../examples");
    const files = globSync("*/workflow.ts", { cwd: folder });
    const modules = await Promise.all(
      files.map(async (file) => (await import(join(folder, file))) as object),
    );
    const examples = modules.flatMap((module) => Object.values(module)).filter(isWorkflow);
    expect(examples.length).toBeGreaterThanOrEqual(2);
    expect(goldens.map(({ workflow }) => workflow)).toEqual(expect.arrayContaining(examples));
  });

  it("is one of at least twenty-five, and no two have the same start", () => {
    expect(goldens.length).toBeGreaterThanOrEqual(25);
    const starts = goldens.map(({ workflow, input, signals, acts }) =>
      JSON.stringify([workflow.name, input, signals, acts]),
    );
    expect(new Set(starts).size).toBe(starts.length);
  });
});
