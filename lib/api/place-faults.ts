// Faults of a value that travels inside a body, placed in the body: the engine sees `lines`, the caller sent `input.lines`.
import { InputError } from "../engine/index.ts";
import { faultsOf } from "./problem.ts";

/** @throws what `act` throws, its issues' paths below `pointer` */
export async function placeFaults<Result>(pointer: string, act: () => Promise<Result>): Promise<Result> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const issues = error.issues.map(({ path, message }) => ({ path: `${pointer}${path}`, message }));
    throw faultsOf(error.code, "The value does not fit its schema", issues);
  }
}
