// An error as plain data: all that code can tell it by.

export interface Told {
  /** Its class. */
  readonly is: string;
  readonly name?: string;
  readonly message?: unknown;
  /** Its own fields, `code` among them. */
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly cause?: Told;
}

const NOT_FIELDS = ["name", "message", "cause"];

export function told(error: unknown): Told {
  if (!(error instanceof Error)) return { is: typeof error, message: error };
  const fields = Object.entries(error).filter(([field]) => !NOT_FIELDS.includes(field));
  return {
    is: error.constructor.name,
    name: error.name,
    message: error.message,
    fields: Object.fromEntries(fields),
    ...(error.cause === undefined ? {} : { cause: told(error.cause) }),
  };
}
