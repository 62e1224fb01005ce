// What the fuzzed server serves: a workflow that takes anything, one that is particular, and one that waits.
export { approve, astray, exotic, fail, greet, patient } from "../api/samples.ts";
