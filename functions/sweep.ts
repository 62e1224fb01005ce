// Lambda entry point: the sweeper. Called by an EventBridge rule.
import { createSweeper } from "../lib/lambda/sweeper.ts";

export const handler = createSweeper();
