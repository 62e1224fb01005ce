// A call that a process makes to the world outside it, and what may become of it. Crashes are placed at these calls,
// because nothing a run leaves behind can change between two of them.

/** `answersAfterMs`: done at once, and heard of late. `lose`: the caller hears that it was done, but it was not (a message that is never delivered). */
export type Fate = "go on" | "die before" | "die after" | "lose" | { readonly answersAfterMs: number };

export interface PortCall {
  readonly port: string;
  readonly method: string;
  readonly args: readonly unknown[];
  /** Number of the call among all calls of all processes, from 1. */
  readonly count: number;
}

/** Seen at every call of a port by a process. Throw to fail the call, answer late to hold it. */
export type Watch = (call: PortCall) => Fate | Promise<Fate>;
