// Tokens that runs hand out to the world: a file beside that of the side effects, one line each. A run that dies between
// handing out and recording it hands out another one later; all of them are good.
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";

export interface Handout {
  readonly runId: string;
  readonly name: string;
  readonly token: string;
}

const LOOK_EVERY_MS = 100;

export function writeHandout(effectsFile: string, { runId, name, token }: Handout): void {
  appendFileSync(fileBeside(effectsFile), `${runId} ${name} ${token}\n`);
}

/**
 * All that was handed out so far for one call of a run, as soon as there is any. Nothing when `isOver` says first that
 * the run has gone on: its time was up before it could hand out anything.
 */
export async function handedOut(
  effectsFile: string,
  { runId, name }: Pick<Handout, "runId" | "name">,
  isOver: () => boolean,
): Promise<readonly string[]> {
  for (;;) {
    const hasGoneOn = isOver();
    const tokens = read(fileBeside(effectsFile)).flatMap((line) => {
      const [ofRun, ofCall, token = ""] = line.split(" ");
      return ofRun === runId && ofCall === name ? [token] : [];
    });
    if (tokens.length > 0 || hasGoneOn) return tokens;
    await pause(LOOK_EVERY_MS);
  }
}

/** Whole lines only: the last one may be on its way. */
function read(file: string): readonly string[] {
  return existsSync(file) ? readFileSync(file, "utf8").split("\n").slice(0, -1) : [];
}

function fileBeside(effectsFile: string): string {
  return `${effectsFile}.tokens`;
}
