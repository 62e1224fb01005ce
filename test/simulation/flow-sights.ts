// States of flow control that a run should reach now and then (sights.ts).
export const NO_FLOW = {
  "stood in line": 0,
  "let in by another": 0,
  "paused in line": 0,
  "stalled in line": 0,
  "stalled with a slot": 0,
  "cut off in line": 0,
  "cut off with a slot": 0,
  "waited for its place": 0,
  "answered with the run that is there": 0,
  "asked to make room": 0,
  "made room unasked": 0,
  "freed of a run that is gone": 0,
  "given back by a later owner": 0,
  "work of zombies without a slot": 0,
};
export type FlowSight = keyof typeof NO_FLOW;
