import { expect, test } from "vitest";
import { systemRandom } from "../../lib/local/system-random.ts";

test("numbers lie from 0 up to 1, and differ", () => {
  const drawn = Array.from({ length: 1_000 }, () => systemRandom.next());
  expect(drawn.every((number) => number >= 0 && number < 1)).toBe(true);
  expect(new Set(drawn).size).toBeGreaterThan(990);
});

test("ids are ULIDs and differ", () => {
  const ids = Array.from({ length: 1_000 }, () => systemRandom.id());
  for (const id of ids) expect(id).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/);
  expect(new Set(ids).size).toBe(1_000);
});
