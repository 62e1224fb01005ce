// Node keeps a signal made of others (`AbortSignal.any`) for as long as somebody listens to it and none of them has
// aborted. A process that ends aborts its own; one that is killed never does, and with it would stay all of its world.
// Here the others alone hold the signal, so it goes when they go.

AbortSignal.any = (signals) => {
  const own = new AbortController();
  for (const signal of signals) {
    if (signal.aborted) {
      own.abort(signal.reason);
      break;
    }
    signal.addEventListener("abort", () => own.abort(signal.reason), { once: true });
  }
  return own.signal;
};
