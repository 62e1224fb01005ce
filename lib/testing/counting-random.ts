// Chance for tests: ids count from one, and every draw is the middle, so that the same calls give the same course.
import type { Random } from "../ports/random.ts";

const ID_CHARS = 26;
const SECRET_CHARS = 43;

export function countingRandom(): Random {
  let count = 0;
  const id = () => {
    count += 1;
    return String(count).padStart(ID_CHARS, "0");
  };
  return {
    next: () => 0.5,
    id,
    secret: () => `${"secret-".padEnd(SECRET_CHARS - ID_CHARS, "-")}${id()}`,
  };
}
