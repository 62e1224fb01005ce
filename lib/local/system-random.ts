// Chance as the machine has it.
import { ulid } from "ulid";
import type { Random } from "../ports/random.ts";

export const systemRandom: Random = {
  next: () => Math.random(),
  id: () => ulid(),
};
