// Routes about the API itself.
import * as v from "valibot";
import { ERROR_CODES, type ErrorCode, PerdureError } from "../sdk/errors.ts";
import { ErrorPage, Health } from "./answers.ts";
import { buildOpenApi } from "./openapi.ts";
import { PROBLEMS } from "./problem-table.ts";
import { defineRoute, json, type Route } from "./route.ts";

const health = defineRoute({
  method: "GET",
  path: "/health",
  id: "health",
  summary: "Whether the API answers. Does not look at the store.",
  answers: { 200: json(Health, "It does.") },
  faults: [],
  handle: async ({ c }) => c.json({ status: "ok" }),
});

const errorPage = defineRoute({
  method: "GET",
  path: "/errors/{code}",
  id: "explainError",
  summary: "What an error code means.",
  params: v.strictObject({ code: v.string() }),
  answers: { 200: json(ErrorPage, "The code, in short.") },
  faults: ["E_NOT_FOUND"],
  handle: async ({ c, params: { code } }) => {
    if (!isErrorCode(code))
      throw new PerdureError("E_NOT_FOUND", `There is no error code "${code.slice(0, 40)}".`);
    const page = `docs/errors/${code}.md`;
    return c.json({ code, title: PROBLEMS[code].title, advice: ERROR_CODES[code], page });
  },
});

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERROR_CODES, code);
}

/** The given routes and those about the API, of which one describes them all. */
export function metaRoutes(others: readonly Route[]): readonly Route[] {
  let document: ReturnType<typeof buildOpenApi> | undefined;
  const openApi = defineRoute({
    method: "GET",
    path: "/openapi.json",
    id: "openApi",
    summary: "This description.",
    answers: { 200: json(v.looseObject({ openapi: v.string() }), "OpenAPI 3.1.") },
    faults: [],
    handle: async ({ c }) => {
      document ??= buildOpenApi(all);
      return c.json(document);
    },
  });
  const all: readonly Route[] = [...others, health, errorPage, openApi];
  return all;
}
