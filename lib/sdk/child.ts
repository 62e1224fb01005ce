// Runs started by runs.

export interface ChildOptions {
  /**
   * What becomes of the child when this run closes before it: it is asked to end, left alone, or waited for.
   * @default "cancel" for `runChild`, "abandon" for `startChild`
   */
  readonly onParentClose?: "cancel" | "abandon" | "wait";
}

/** A child run that has been started. */
export interface ChildHandle {
  readonly runId: string;
}
