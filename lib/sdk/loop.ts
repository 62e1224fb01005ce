// Loops that may go on for ever.

/** What a turn of `ctx.loop` answers: the state of the next turn, or the result of the loop. */
export type Turn<State, Result = unknown> = { readonly next: State } | { readonly done: Result };

/** What a loop comes to whose turns answer `T`; nothing ever when no turn ends it. */
export type LoopResult<T> = T extends { readonly done: infer Result } ? Result : never;
