// Values from outside against a Standard Schema.
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { MAX_ISSUE_CHARS, MAX_ISSUES } from "../limits.ts";
import { type ErrorCode, PerdureError } from "../sdk/errors.ts";
import { cut } from "./cut.ts";
import type { Outcome } from "./outcome.ts";

/** One fault of an input, and where it is. */
export interface Issue {
  readonly message: string;
  /** JSON pointer into the value; empty for the value itself. */
  readonly path: string;
}

/** Bad input, with its faults and their paths. */
export class InputError extends PerdureError {
  /** To authors it is one: the class is ours alone. */
  static override readonly name = "PerdureError";
  readonly issues: readonly Issue[];

  constructor(code: ErrorCode, what: string, issues: readonly Issue[]) {
    super(code, what);
    this.issues = issues;
  }
}

/** What the schema gives out; the value itself without a schema. @throws E_INVALID_INPUT with the faults, at most MAX_ISSUES */
export async function checkInput(schema: StandardSchemaV1 | undefined, value: unknown): Promise<unknown> {
  if (schema === undefined) return value;
  const result = await schema["~standard"].validate(value);
  if (result.issues === undefined) return result.value;
  const issues = result.issues.slice(0, MAX_ISSUES).map(({ message, path }) =>
    issueOf(
      message,
      (path ?? []).map((part) => (typeof part === "object" ? part.key : part)),
    ),
  );
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

/** What a schema says of the place that `keys` lead to. */
export function issueOf(message: string, keys: readonly PropertyKey[]): Issue {
  const pointer = keys.map((key) => `/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
  // No part of a place leads anywhere: it names the nearest around it that can be told.
  const path =
    pointer.length <= MAX_ISSUE_CHARS ? pointer : pointer.slice(0, pointer.lastIndexOf("/", MAX_ISSUE_CHARS));
  return { message: cut(String(message), MAX_ISSUE_CHARS), path };
}
