import { describe, expect, it } from "vitest";
import { AWS_SETTINGS, checkSettings, LOCAL_SETTINGS } from "../../lib/engine/index.ts";

describe("settings", () => {
  it("as they are delivered fit each other", () => {
    for (const settings of [AWS_SETTINGS, LOCAL_SETTINGS]) expect(checkSettings(settings)).toBe(settings);
  });

  it("at their ends are allowed: no wait in the process, one checkpoint, one entry, nothing kept in the table", () => {
    const ends = {
      ...AWS_SETTINGS,
      inProcessWaitMs: 0,
      checkpointsPerActivation: 1,
      maxEntriesPerCheckpoint: 1,
      offloadAboveBytes: 0,
    };
    expect(checkSettings(ends)).toBe(ends);
  });

  it.each([
    [{ renewEveryMs: 11_000 }, "renewEveryMs (11000) must be at most half of leaseMs (20000)"],
    [{ visibilityMs: 20_000 }, "leaseMs (20000) must be below visibilityMs (20000)"],
    [{ longTimerMs: 900_001 }, "longTimerMs (900001) is more than the 900000 that SQS can delay"],
    [{ scheduleLeadMs: 900_001 }, "scheduleLeadMs (900001) must be at most longTimerMs"],
    [{ sweepGrainMs: -1 }, "sweepGrainMs is -1; it must be a positive number"],
    [{ inProcessWaitMs: Number.NaN }, "inProcessWaitMs is NaN; it must be a positive number"],
    [{ inProcessWaitMs: 900_001 }, "inProcessWaitMs (900001) must be at most 900000"],
    [{ checkpointsPerActivation: 0 }, "checkpointsPerActivation is 0; it must be a whole number from 1"],
    [{ maxEntriesPerCheckpoint: 0 }, "maxEntriesPerCheckpoint is 0; it must be a whole number from 1 to 100"],
    [
      { maxEntriesPerCheckpoint: 101 },
      "maxEntriesPerCheckpoint is 101; it must be a whole number from 1 to 100",
    ],
    [{ maxEntriesPerCheckpoint: 1.5 }, "maxEntriesPerCheckpoint is 1.5; it must be a whole number"],
    [{ offloadAboveBytes: 8_193 }, "offloadAboveBytes (8193) must be at most 8192"],
  ])("%j are refused as E_BAD_OPTION, in words", (wrong, message) => {
    expect(() => checkSettings({ ...AWS_SETTINGS, ...wrong })).toThrow(
      expect.objectContaining({ code: "E_BAD_OPTION", message: expect.stringContaining(message) }),
    );
  });
});
