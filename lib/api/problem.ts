// Errors as RFC 9457 problems. A PerdureError was written for whoever reads it and is shown; anything else, and any
// fault of ours, is shown as E_INTERNAL without a word of what it was: that goes to the log.
import * as v from "valibot";
import { InputError, type Issue } from "../engine/index.ts";
import { MAX_ISSUES } from "../limits.ts";
import type { Log } from "../ports/log.ts";
import { ERROR_CODES, type ErrorCode, PerdureError } from "../sdk/errors.ts";
import { PROBLEMS } from "./problem-table.ts";

/** Each API explains its own codes, so the link is relative to it; `perdure explain CODE` prints the whole page. */
const ERROR_PAGES = "/errors/";

/** Faults of ours that say which stored item somebody must see to, and nothing of what it holds. */
const SHOWN_FAULTS: ReadonlySet<ErrorCode> = new Set(["E_CORRUPT", "E_NEWER_FORMAT"]);

export const Problem = v.strictObject({
  type: v.pipe(v.string(), v.description("Address of the page about the code.")),
  title: v.string(),
  status: v.number(),
  detail: v.pipe(v.string(), v.description("What happened, why, and what to do.")),
  code: v.picklist(Object.keys(ERROR_CODES) as ErrorCode[]),
  issues: v.exactOptional(
    v.pipe(
      v.array(v.strictObject({ path: v.string(), message: v.string() })),
      v.description(`Each fault and its place, as a JSON pointer into what was sent; at most ${MAX_ISSUES}.`),
    ),
  ),
});
export type Problem = v.InferOutput<typeof Problem>;

/** A fault of HTTP itself, whose status says more than its code's: 405, 415, 421. */
export class HttpFault extends PerdureError {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: ErrorCode, what: string, headers: Readonly<Record<string, string>> = {}) {
    super(code, what);
    this.status = status;
    this.headers = headers;
  }
}

/** Faults that a sentence can hold; the field `issues` has more. */
const MAX_FAULTS_TOLD = 10;

/** Several faults of a request, named together: `query: limit must be …`. */
export function faultsOf(code: ErrorCode, where: string, issues: readonly Issue[]): InputError {
  const told = issues
    .slice(0, MAX_FAULTS_TOLD)
    .map(({ path, message }) => `${path === "" ? "" : `${path} `}${message}`);
  const rest = issues.length > told.length ? `; and ${issues.length - told.length} more` : "";
  return new InputError(code, `${where}: ${told.join("; ")}${rest}.`, issues);
}

export function problemOf(error: unknown): Problem {
  const shown = isShown(error) ? error : new PerdureError("E_INTERNAL", "The request failed.");
  const { status, title } = PROBLEMS[shown.code];
  return {
    type: `${ERROR_PAGES}${shown.code}`,
    title,
    status: shown instanceof HttpFault ? shown.status : status,
    // The code has a field of its own.
    detail: shown.message.slice(shown.code.length).trimStart(),
    code: shown.code,
    ...(shown instanceof InputError ? { issues: [...shown.issues] } : {}),
  };
}

/** The answer to a request that failed. Faults of ours are logged, with what the caller is not told. */
export function problemResponse(error: unknown, log: Log, request: Request): Response {
  const problem = problemOf(error);
  if (problem.status >= 500) {
    const { method, url } = request;
    log.error("request failed", { method, path: pathForLog(url), error: describe(error) });
  }
  return new Response(JSON.stringify(problem), {
    status: problem.status,
    headers: {
      "content-type": "application/problem+json",
      "cache-control": "no-store",
      ...(error instanceof HttpFault ? error.headers : {}),
    },
  });
}

const TOKEN = /^(?:callbacks|approvals)$/i;

/** A token is as good as its holder's signature: it never stands in a log, whatever else is wrong with the address. */
export function pathForLog(url: string): string {
  const parts = new URL(url).pathname.split("/");
  return parts
    .map((part, i) => (TOKEN.test(parts[i - 1] ?? "") || part.includes("cb_") ? "…" : part))
    .join("/");
}

function isShown(error: unknown): error is PerdureError {
  return (
    error instanceof PerdureError && (PROBLEMS[error.code].status !== 500 || SHOWN_FAULTS.has(error.code))
  );
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? `${error.name}: ${error.message}`) : String(error);
}
