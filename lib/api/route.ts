// A route as data: what it takes, what it answers, which problems it can end in, and the function behind it. The app
// serves routes, the OpenAPI document describes them; neither knows more than stands here.
import type { Context } from "hono";
import * as v from "valibot";
import { type Issue, issueOf } from "../engine/index.ts";
import { MAX_ISSUES } from "../limits.ts";
import { type ErrorCode, PerdureError } from "../sdk/errors.ts";
import type { Api } from "./api.ts";
import { faultsOf, type Problem } from "./problem.ts";
import { isForm, readBody, readForm } from "./read-body.ts";
import { type HeaderName, NoPath, NoQuery } from "./requests.ts";

const ATTRIBUTE = "attr.";

export type Schema = v.GenericSchema;
type Fields = v.StrictObjectSchema<v.ObjectEntries, undefined>;

export interface Answer {
  readonly description: string;
  /** By content type. */
  readonly content: Readonly<Record<string, Schema>>;
  readonly headers?: Readonly<Record<string, string>>;
}

interface RouteDescription {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** With `{name}` for each parameter, as OpenAPI writes it. */
  readonly path: string;
  readonly id: string;
  readonly summary: string;
  readonly headers?: readonly HeaderName[];
  /** By status. */
  readonly answers: Readonly<Record<number, Answer>>;
  /** Besides those that every route of its kind has. */
  readonly faults: readonly ErrorCode[];
}

export interface Route extends RouteDescription {
  readonly params: Fields;
  readonly query: Fields;
  readonly body: Schema | undefined;
  readonly isBodyOptional: boolean;
  readonly takesForms: boolean;
  /** What a person sees of a fault instead of a problem; nothing when a program asked. */
  showFault?(request: Request, problem: Problem): Response | undefined;
  /** Checks the request against the schemas, then does what the route is for. @throws what becomes a problem */
  answer(c: Context, api: Api): Promise<Response>;
}

interface RouteSpec<Params extends Fields, Query extends Fields, Body extends Schema>
  extends RouteDescription {
  readonly params?: Params;
  readonly query?: Query;
  readonly body?: Body;
  /** An empty body counts as `{}`. @default false */
  readonly isBodyOptional?: boolean;
  /** The body may also be an HTML form with the same fields. @default false */
  readonly takesForms?: boolean;
  showFault?(request: Request, problem: Problem): Response | undefined;
  handle(request: {
    readonly params: v.InferOutput<Params>;
    readonly query: v.InferOutput<Query>;
    readonly body: v.InferOutput<Body>;
    readonly c: Context;
    readonly api: Api;
  }): Promise<Response>;
}

export function defineRoute<
  Params extends Fields = typeof NoPath,
  Query extends Fields = typeof NoQuery,
  Body extends Schema = Schema,
>(spec: RouteSpec<Params, Query, Body>): Route {
  const { params = NoPath, query = NoQuery, body, isBodyOptional = false, takesForms = false } = spec;
  return {
    ...spec,
    params,
    query,
    body,
    isBodyOptional,
    takesForms,
    async answer(c, api) {
      const checked = {
        params: check<Params>(params as Params, c.req.param(), "E_BAD_OPTION", "The address is wrong"),
        query: check<Query>(query as Query, queryOf(c), "E_BAD_OPTION", "The query is wrong"),
        body:
          takesForms && body !== undefined && isForm(c.req.raw)
            ? check<Body>(body, await readForm(c.req.raw), "E_INVALID_INPUT", "The form is wrong")
            : await bodyOf<Body>(c, body, isBodyOptional),
      };
      return await spec.handle({ ...checked, c, api });
    },
  };
}

/** JSON as an answer. */
export function json(
  schema: Schema,
  description: string,
  headers?: Readonly<Record<string, string>>,
): Answer {
  return {
    description,
    content: { "application/json": schema },
    ...(headers === undefined ? {} : { headers }),
  };
}

async function bodyOf<Body extends Schema>(
  c: Context,
  schema: Body | undefined,
  isOptional: boolean,
): Promise<v.InferOutput<Body>> {
  if (schema === undefined) return undefined;
  const body = await readBody(c.req.raw, isOptional);
  if (body === undefined && !isOptional) throw new PerdureError("E_MALFORMED_JSON", "The body is empty.");
  const json = body === undefined ? {} : body.json;
  // Valibot takes a list for an object with numbered fields.
  if (typeof json === "object" && json !== null && !Array.isArray(json)) {
    return check(schema, json, "E_INVALID_INPUT", "The body is wrong");
  }
  throw faultsOf("E_INVALID_INPUT", "The body is wrong", [{ path: "", message: "must be an object" }]);
}

type Query = Record<string, string | string[] | Readonly<Record<string, string | string[]>>>;

/** A value given once is text, one given several times a list. What begins with `attr.` is a field of `attr`. */
function queryOf(c: Context): Query {
  const entries = Object.entries(c.req.queries()).map(
    ([name, [first = "", ...rest]]) => [name, rest.length === 0 ? first : [first, ...rest]] as const,
  );
  const attributes = entries.filter(([name]) => name.startsWith(ATTRIBUTE));
  const others = entries.filter(([name]) => !name.startsWith(ATTRIBUTE));
  if (attributes.length === 0) return Object.fromEntries(others);
  const attr = Object.fromEntries(attributes.map(([name, value]) => [name.slice(ATTRIBUTE.length), value]));
  return { ...Object.fromEntries(others), attr };
}

function check<S extends Schema>(
  schema: S,
  value: unknown,
  code: ErrorCode,
  where: string,
): v.InferOutput<S> {
  const result = v.safeParse(schema, value, { abortPipeEarly: true });
  if (result.success) return result.output;
  throw faultsOf(code, where, result.issues.slice(0, MAX_ISSUES).map(toIssue));
}

function toIssue(issue: v.BaseIssue<unknown>): Issue {
  // Valibot says of a field that no schema names that it expected never.
  const message = issue.expected === "never" ? "is not known here" : issue.message;
  return issueOf(message, issue.path?.map(({ key }) => String(key)) ?? []);
}
