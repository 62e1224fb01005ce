// Many inputs, a bounded number of them at the same time.
import { describe, expect, it } from "vitest";
import { inParallel } from "../../lib/engine/in-parallel.ts";

/** Work that ends when the test says so, in turns. */
async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

describe("work in parallel", () => {
  it("is done of as many inputs at the same time as allowed, and no more, in any order", async () => {
    const inputs = Array.from({ length: 10 }, (_, i) => i);
    for (const atOnce of [1, 3, 5, 10, 25]) {
      let [now, most] = [0, 0];
      const outputs = await inParallel(inputs, atOnce, async (input) => {
        now += 1;
        most = Math.max(most, now);
        for (let turns = input % 3; turns >= 0; turns -= 1) await turn();
        now -= 1;
        return `${input} done`;
      });
      expect(most, `${atOnce} at once`).toBe(Math.min(atOnce, inputs.length));
      expect(outputs).toEqual(inputs.map((input) => `${input} done`));
    }
    expect(await inParallel([], 3, async () => 1)).toEqual([]);
  });

  it("stops at the first that fails, and does not begin what is behind it in line", async () => {
    const begun: number[] = [];
    const work = inParallel([1, 2, 3, 4, 5], 2, async (input) => {
      begun.push(input);
      await turn();
      if (input === 3) throw new Error("no 3");
    });
    await expect(work).rejects.toThrow("no 3");
    await turn();
    expect(begun).toEqual([1, 2, 3, 4]);
  });
});
