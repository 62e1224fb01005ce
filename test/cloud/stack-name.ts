// The stack that the suite deploys and destroys.
export const STACK = "PerdureCloud";
