/** What became of a piece of code: of a step's body, of a check, of a run. */
export type Outcome =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: unknown };
