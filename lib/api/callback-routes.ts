// Routes for whoever has the token of a callback. The token is all they need, so it stands in no answer and in no log.

import type { InferOutput } from "valibot";
import { type Completion, completeCallback, heartbeatCallback } from "../engine/index.ts";
import { CallbackCompleted, HeartbeatAccepted } from "./answers.ts";
import { CompletionBody, type ErrorBody, NoBody, TokenPath } from "./requests.ts";
import { defineRoute, json, type Route } from "./route.ts";

const complete = defineRoute({
  method: "POST",
  path: "/callbacks/{token}",
  id: "completeCallback",
  summary:
    "Ends a wait with a result or an error. The first completion counts; the same one again is answered as it was.",
  params: TokenPath,
  body: CompletionBody,
  answers: { 202: json(CallbackCompleted, "The completion is stored.") },
  faults: [
    "E_CALLBACK_NOT_FOUND",
    "E_CALLBACK_COMPLETED",
    "E_CALLBACK_CLOSED",
    "E_NOT_SERIALIZABLE",
    "E_TOO_LARGE",
  ],
  async handle({ params, body, c, api }) {
    const completion: Completion =
      body.error === undefined ? { ok: true, value: body.result } : { ok: false, error: errorOf(body.error) };
    return c.json(await completeCallback(api.engine, params.token, completion), 202);
  },
});

const heartbeat = defineRoute({
  method: "POST",
  path: "/callbacks/{token}/heartbeat",
  id: "heartbeatCallback",
  summary: "Says that somebody is at it, for waits with a heartbeat timeout.",
  params: TokenPath,
  body: NoBody,
  isBodyOptional: true,
  answers: { 202: json(HeartbeatAccepted, "It was heard.") },
  faults: ["E_CALLBACK_NOT_FOUND", "E_CALLBACK_COMPLETED", "E_CALLBACK_CLOSED"],
  async handle({ params, c, api }) {
    await heartbeatCallback(api.engine, params.token);
    return c.json({ heard: true }, 202);
  },
});

/** What the outside reports, as the cause that the workflow sees. It happened elsewhere, so no stack of ours is its. */
function errorOf({ message, name = "Error", code }: InferOutput<typeof ErrorBody>): Error {
  const error = new Error(message);
  Object.defineProperties(error, { name: { value: name }, stack: { value: undefined } });
  return code === undefined ? error : Object.assign(error, { code });
}

export const callbackRoutes: readonly Route[] = [complete, heartbeat];
