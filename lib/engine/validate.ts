// Values from outside against a Standard Schema.
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { type ErrorCode, PerdureError } from "../sdk/errors.ts";
import type { Outcome } from "./outcome.ts";

/** One fault of an input, and where it is. */
export interface Issue {
  readonly message: string;
  /** JSON pointer into the value; empty for the value itself. */
  readonly path: string;
}

/** Bad input, with every fault and its path. */
export class InputError extends PerdureError {
  /** To authors it is one: the class is ours alone. */
  static override readonly name = "PerdureError";
  readonly issues: readonly Issue[];

  constructor(code: ErrorCode, what: string, issues: readonly Issue[]) {
    super(code, what);
    this.issues = issues;
  }
}

/** What the schema gives out; the value itself without a schema. @throws E_INVALID_INPUT with all faults */
export async function checkInput(schema: StandardSchemaV1 | undefined, value: unknown): Promise<unknown> {
  if (schema === undefined) return value;
  const result = await schema["~standard"].validate(value);
  if (result.issues === undefined) return result.value;
  const issues = result.issues.map((issue) => ({ message: issue.message, path: pointerOf(issue.path) }));
  const first = issues[0];
  const where = first?.path ? `at ${first.path}` : "as a whole";
  throw new InputError(
    "E_INVALID_INPUT",
    `The value does not fit its schema ${where}: ${first?.message}.`,
    issues,
  );
}

/** A schema may throw; that is a refusal too. */
export async function checkQuietly(schema: StandardSchemaV1 | undefined, payload: unknown): Promise<Outcome> {
  try {
    return { ok: true, value: await checkInput(schema, payload) };
  } catch (error) {
    return { ok: false, error };
  }
}

function pointerOf(path: StandardSchemaV1.Issue["path"]): string {
  const keys = (path ?? []).map((part) => (typeof part === "object" ? part.key : part));
  return keys.map((key) => `/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}
