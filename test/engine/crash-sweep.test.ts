// Crashes everywhere, for every golden workflow, the examples among them: one before and one after each call to a port,
// and pairs of them drawn from a seed. The run comes to its fault-free outcome, nothing recorded runs again, and what is
// stored keeps its invariants (play.ts checks them). Without the sweeper: a crash alone must not need it.
//
// In a mode other than the plain one a workflow makes many more calls; there a part of them is drawn.
import { describe, expect, it } from "vitest";
import { loadGoldens } from "../golden/golden.ts";
import { type Played, play } from "../golden/play.ts";
import { Chance } from "../simulation/chance.ts";
import { crashPoints, crashSeed } from "./crash-points.ts";
import type { Fate } from "./lab.ts";
import { crashEvery, isPlain } from "./modes.ts";

const CRASHES = ["die before", "die after"] as const satisfies readonly Fate[];
const PAIRS = isPlain ? 40 : Math.ceil(18 / crashEvery);
const POINTS_IN_MODES = Math.ceil(36 / crashEvery);
const MESSAGES = 12;
const lab = { sweepEveryMs: "never" } as const;

const goldens = await loadGoldens();

describe.each(goldens)(`$name (CRASH_SEED=${crashSeed})`, (golden) => {
  const chance = new Chance(crashSeed, golden.name);
  /** Numbers of calls, all of them or as many as a mode allows. */
  const pointsOf = (calls: number) => {
    const all = Array.from({ length: calls }, (_, i) => i + 1);
    return isPlain ? all : all.filter(() => chance.happens(POINTS_IN_MODES / calls));
  };

  it("survives one crash before and one after every call of its processes", async () => {
    const calm = await play(golden, { lab });
    expect(calm.outcome).toEqual(golden.outcome);
    for (const at of pointsOf(calm.calls)) {
      for (const crash of CRASHES) {
        const played = await play(golden, { lab, watch: ({ count }) => (count === at ? crash : "go on") });
        expect(played.outcome, `${crash} call ${at}`).toEqual(golden.outcome);
        expectEffects(played, calm, 1, `${crash} call ${at}`);
      }
    }
  });

  it("survives two crashes at pairs of calls", async () => {
    const { calls, effects } = await play(golden, { lab });
    for (let pair = 0; pair < PAIRS; pair += 1) {
      const [first, gap] = [chance.int(1, calls), chance.int(1, 12)];
      const [one, other] = [chance.pick(CRASHES), chance.pick(CRASHES)];
      const what = `${one} call ${first}, ${other} call ${first + gap}`;
      const watch = ({ count }: { readonly count: number }) =>
        count === first ? one : count === first + gap ? other : "go on";
      const played = await play(golden, { lab, watch });
      expect(played.outcome, what).toEqual(golden.outcome);
      expectEffects(played, { effects }, 2, what);
    }
  });

  it("survives a client that dies before or after any of its calls and begins again", async () => {
    const { clientCalls } = await play(golden, { lab });
    for (const at of crashPoints(clientCalls)) {
      for (const crash of CRASHES) {
        const clientFate = (count: number) => (count === at ? crash : "go on");
        const { outcome, effects } = await play(golden, { lab, clientFate });
        expect(outcome, `the client: ${crash} call ${at}`).toEqual(golden.outcome);
        expect(new Set(effects).size, `the client: ${crash} call ${at}`).toBe(effects.length);
      }
    }
  });

  it("survives the loss of any one message, with the sweeper", async () => {
    for (const lost of crashPoints(MESSAGES)) {
      let sends = 0;
      const { outcome } = await play(golden, {
        watch: ({ port, method }) => {
          const isMessage = method === "arm" || (method === "send" && ["wakeUps", "steps"].includes(port));
          sends += isMessage ? 1 : 0;
          return isMessage && sends === lost ? "lose" : "go on";
        },
      });
      expect(outcome, `message ${lost}`).toEqual(golden.outcome);
      if (sends < lost) break;
    }
  });
});

/** A crash repeats at most what was under way and not recorded: each attempt once more for each crash. */
function expectEffects(
  { effects }: Pick<Played, "effects">,
  calm: Pick<Played, "effects">,
  crashes: number,
  what: string,
): void {
  expect(new Set(effects), what).toEqual(new Set(calm.effects));
  for (const effect of new Set(calm.effects)) {
    const times = effects.filter((one) => one === effect).length;
    expect(times, `${effect}, ${what}`).toBeLessThanOrEqual(1 + crashes);
  }
}
