// Chance as the machine has it.
import { randomBytes } from "node:crypto";
import { monotonicFactory } from "ulid";
import type { Random } from "../ports/random.ts";

export const systemRandom: Random = {
  next: () => Math.random(),
  id: monotonicFactory(),
  secret: () => randomBytes(32).toString("base64url"),
};
