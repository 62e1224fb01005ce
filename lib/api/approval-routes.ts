// Routes behind the links of an approval. GET only looks, because mail scanners and previews open links too; POST decides.
// People get pages, programs that send JSON get JSON.
import * as v from "valibot";
import { decideApproval, readApproval } from "../engine/index.ts";
import { PerdureError } from "../sdk/errors.ts";
import { ApprovalDecided } from "./answers.ts";
import { approvalPage, decidedPage, faultPage } from "./approval-page.ts";
import { PROBLEMS } from "./problem-table.ts";
import { isForm } from "./read-body.ts";
import { DecisionBody, TokenPath } from "./requests.ts";
import { defineRoute, type Route } from "./route.ts";

const PAGE = "text/html";

const show = defineRoute({
  method: "GET",
  path: "/approvals/{token}",
  id: "showApproval",
  summary: "A page that says what is asked, with a form that decides. Opening it changes nothing.",
  params: TokenPath,
  answers: { 200: { description: "The page.", content: { [PAGE]: v.string() } } },
  faults: ["E_CALLBACK_NOT_FOUND"],
  handle: async ({ params, api }) => approvalPage(await readApproval(api.engine, params.token)),
  showFault: (_, { status, detail }) => faultPage(status, detail),
});

const decide = defineRoute({
  method: "POST",
  path: "/approvals/{token}",
  id: "decideApproval",
  summary: "Approves or rejects, as the link says. A form is answered with a page, JSON with JSON.",
  params: TokenPath,
  body: DecisionBody,
  isBodyOptional: true,
  takesForms: true,
  answers: {
    200: {
      description: "It is decided.",
      content: { "application/json": ApprovalDecided, [PAGE]: v.string() },
    },
  },
  faults: ["E_CALLBACK_NOT_FOUND", "E_CALLBACK_COMPLETED", "E_CALLBACK_CLOSED"],
  async handle({ params, body, c, api }) {
    const { engine } = api;
    const isPersons = isForm(c.req.raw);
    const { decision } = await readApproval(engine, params.token);
    const approved = decision === "approve";
    try {
      const { runId, callback, stored } = await decideApproval(engine, params.token, given(body));
      if (isPersons) return decidedPage(callback, approved);
      return c.json({ runId, approval: callback, approved, stored });
    } catch (error) {
      if (!isPersons || !isTooLate(error)) throw error;
      // What the page says is why: who decided and when, or that the time is over.
      return approvalPage(await readApproval(engine, params.token), PROBLEMS[error.code].status);
    }
  },
  showFault: (request, { status, detail }) => (isForm(request) ? faultPage(status, detail) : undefined),
});

function isTooLate(error: unknown): error is PerdureError {
  return error instanceof PerdureError && ["E_CALLBACK_COMPLETED", "E_CALLBACK_CLOSED"].includes(error.code);
}

/** A field that was left empty says nothing. */
function given({ by = "", note = "" }: v.InferOutput<typeof DecisionBody>): { by?: string; note?: string } {
  return { ...(by === "" ? {} : { by }), ...(note === "" ? {} : { note }) };
}

export const approvalRoutes: readonly Route[] = [show, decide];
