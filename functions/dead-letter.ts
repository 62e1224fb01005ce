// Lambda entry point: judges dead letters. Behind every dead-letter queue.
import { createDeadLetterHandler } from "../lib/lambda/dead-letter-handler.ts";

export const handler = createDeadLetterHandler();
