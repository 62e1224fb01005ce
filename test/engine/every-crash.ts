// Kills a process once before and once after each of its calls to a port, one course for each: until a course ends before it
// comes to the crash. In a mode other than the plain one at a part of them (modes.ts).
import type { Lab, PortCall } from "./lab.ts";
import { crashEvery } from "./modes.ts";

const MAX_CRASHES = 500;

/** `play` runs a course to its end in a lab whose `watch` is `watch`, or calls it. Answers how many calls a course has. */
export async function everyCrash(
  play: (watch: NonNullable<Lab["watch"]>, where: string) => Promise<void>,
): Promise<number> {
  for (let crash = 1; crash < MAX_CRASHES; crash += crashEvery) {
    let came = false;
    for (const fate of ["die before", "die after"] as const) {
      const watch = ({ count }: PortCall) => {
        if (count !== crash) return "go on";
        came = true;
        return fate;
      };
      await play(watch, `${fate} call ${crash}`);
    }
    if (!came) return crash - 1;
  }
  throw new Error(`a course has more than ${MAX_CRASHES} calls`);
}
