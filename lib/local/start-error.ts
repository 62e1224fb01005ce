// Why the local server cannot start, in words for whoever started it: what, why, and what to do. No stack is of use.

export class StartError extends Error {
  override readonly name = "StartError";
}
