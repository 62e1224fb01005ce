// Kills a process once before and once after each of its calls to a port, one course for each: until a course ends before it
// comes to the crash. In a mode other than the plain one at a part of them (crash-points.ts).
import { crashPoints } from "./crash-points.ts";
import type { Lab, PortCall } from "./lab.ts";

const MAX_CRASHES = 500;

/** `play` runs a course to its end in a lab whose `watch` is `watch`, or calls it. Answers how many calls a course has. */
export async function everyCrash(
  play: (watch: NonNullable<Lab["watch"]>, where: string) => Promise<void>,
): Promise<number> {
  let calls = 0;
  for (const crash of crashPoints(MAX_CRASHES)) {
    let came = false;
    for (const fate of ["die before", "die after"] as const) {
      const watch = ({ count }: PortCall) => {
        calls = count;
        if (count !== crash) return "go on";
        came = true;
        return fate;
      };
      await play(watch, `${fate} call ${crash}`);
    }
    if (!came) return calls;
  }
  throw new Error(`a course has more than ${MAX_CRASHES} calls`);
}
