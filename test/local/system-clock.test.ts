import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { SystemClock } from "../../lib/local/system-clock.ts";

const run = promisify(execFile);
const MODULE = new URL("../../lib/local/system-clock.ts", import.meta.url).href;

describe("system clock", () => {
  test("a sleep is never early on its own clock (T1)", async () => {
    const clock = new SystemClock();
    for (let round = 0; round < 10; round += 1) {
      const start = clock.now();
      await clock.sleep(3);
      expect(clock.now() - start).toBeGreaterThanOrEqual(3);
    }
  });

  test("a sleep longer than the platform's timers waits instead of returning at once", async () => {
    const clock = new SystemClock();
    const abort = new AbortController();
    const warnings: string[] = [];
    const onWarning = (warning: Error) => warnings.push(warning.name);
    process.on("warning", onWarning);
    let over = false;
    const sleep = clock.sleep(2 ** 31 + 5, abort.signal).then(() => {
      over = true;
    });
    await clock.sleep(20);
    expect(over).toBe(false);
    abort.abort();
    await sleep;
    process.off("warning", onWarning);
    // A timer of the platform that is too long rings after a millisecond, again and again.
    expect(warnings).not.toContain("TimeoutOverflowWarning");
  });

  test("an aborted sleep ends at once and never rejects, also when it was aborted before", async () => {
    const clock = new SystemClock();
    const abort = new AbortController();
    const start = clock.now();
    const sleep = clock.sleep(60_000, abort.signal);
    abort.abort();
    await sleep;
    await clock.sleep(60_000, abort.signal);
    await clock.sleep(-1);
    expect(clock.now() - start).toBeLessThan(10_000);
  });

  test("who sleeps keeps the process alive, unless the clock was made otherwise", async () => {
    const script = (options: string) => `
      import { SystemClock } from ${JSON.stringify(MODULE)};
      void new SystemClock(${options}).sleep(50).then(() => console.log("slept"));`;
    const [kept, left] = await Promise.all(
      ["", "{ keepsProcessAlive: false }"].map((options) =>
        run(process.execPath, ["--input-type=module", "--eval", script(options)]),
      ),
    );
    expect(kept?.stdout).toBe("slept\n");
    expect(left?.stdout).toBe("");
  });
});
