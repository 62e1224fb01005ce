// Chance as the engine sees it; a seed decides it in simulations.

export interface Random {
  /** From 0 up to, but without, 1. */
  next(): number;
  /** A new unique id, sortable by time (ULID, 26 characters). */
  id(): string;
  /** 256 bits that nobody can guess, as text fit for a URL. */
  secret(): string;
}
