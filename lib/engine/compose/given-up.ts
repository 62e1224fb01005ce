// Scopes that the code has given up. Whoever sees a CancelledError come out of a piece of work can tell by it whether the
// piece was cancelled together with all around it, or has given up something of its own.

export class GivenUp {
  readonly #prefixes: string[] = [];

  /** `prefix` ends with '/'. */
  add(prefix: string): void {
    this.#prefixes.push(prefix);
  }

  /** Whether the scope, or one around it, was given up. */
  has(scopeId: string): boolean {
    return this.#prefixes.some((prefix) => `${scopeId}/`.startsWith(prefix));
  }
}
