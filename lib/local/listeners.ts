// Who wants to hear of an event in this process.

export class Listeners {
  readonly #listeners = new Set<() => void>();

  /** Calls `listener` at every event until the returned function is called. */
  add(listener: () => void): () => void {
    // A wrapper of its own for each call: the same listener may be added twice and removed once.
    const entry = () => listener();
    this.#listeners.add(entry);
    return () => this.#listeners.delete(entry);
  }

  notify(): void {
    // Those of now: who listens again because of this event waits for the next one.
    for (const listener of this.#listeners.values().toArray()) listener();
  }
}
