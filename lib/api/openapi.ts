// The OpenAPI document, made of the routes and their schemas.
import { type ConversionConfig, toJsonSchema, toJsonSchemaDefs } from "@valibot/to-json-schema";
import { MAX_CALLER_KEY_CHARS } from "../limits.ts";
import type { ErrorCode } from "../sdk/errors.ts";
import { EntryView, ErrorView, RunDetail, RunSummary, WaitView } from "./answers.ts";
import { Problem } from "./problem.ts";
import { PROBLEMS } from "./problem-table.ts";
import { HEADERS, type HeaderName } from "./requests.ts";
import type { Answer, Route, Schema } from "./route.ts";
import { ScheduleView } from "./schedule-view.ts";

/** Schemas that the document names instead of repeating. */
const NAMED = {
  Entry: EntryView,
  Error: ErrorView,
  Problem,
  Run: RunDetail,
  RunSummary,
  Schedule: ScheduleView,
  Wait: WaitView,
} as const satisfies Readonly<Record<string, Schema>>;

type JsonObject = Record<string, unknown>;

export function buildOpenApi(routes: readonly Route[]): JsonObject {
  const paths: Record<string, JsonObject> = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operation(route) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Perdure",
      version: "1",
      description:
        "Durable runs of workflows: start them, watch them, signal them. Failures are RFC 9457 problems.",
    },
    paths,
    components: { schemas: toJsonSchemaDefs(NAMED, { ...CONVERSION, typeMode: "output" }) },
  };
}

function operation(route: Route): JsonObject {
  const parameters = [...pathParameters(route), ...queryParameters(route), ...headerParameters(route)];
  return {
    operationId: route.id,
    summary: route.summary,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(route.body === undefined ? {} : { requestBody: requestBody(route, route.body) }),
    responses: { ...mapValues(route.answers, response), ...problems(route) },
  };
}

function pathParameters({ params }: Route): JsonObject[] {
  return Object.entries(params.entries).map(([name, schema]) => ({
    name,
    in: "path",
    required: true,
    schema: convert(schema),
  }));
}

function queryParameters({ query }: Route): JsonObject[] {
  return Object.entries(query.entries).map(([name, schema]) => {
    const { description, ...shape } = convert(schema);
    const { additionalProperties: fields } = shape;
    return {
      name,
      in: "query",
      required: false,
      // A record stands in the address as its fields, each with the record's name before it: `attr.NAME=value`.
      ...(shape["type"] === "object"
        ? {
            style: "form",
            explode: true,
            schema: { type: "object", patternProperties: { [`^${name}\\.`]: fields } },
          }
        : { schema: shape }),
      ...(description === undefined ? {} : { description }),
    };
  });
}

const HEADER_SCHEMAS: Readonly<Record<HeaderName, JsonObject>> = {
  "Idempotency-Key": { type: "string", minLength: 1, maxLength: MAX_CALLER_KEY_CHARS },
  "Last-Event-ID": { type: "string" },
};

function headerParameters({ headers = [] }: Route): JsonObject[] {
  return headers.map((name) => ({
    name,
    in: "header",
    required: false,
    schema: HEADER_SCHEMAS[name],
    description: HEADERS[name],
  }));
}

function requestBody({ isBodyOptional, takesForms }: Route, body: Schema): JsonObject {
  const schema = convert(body);
  const form = takesForms ? { "application/x-www-form-urlencoded": { schema } } : {};
  return { required: !isBodyOptional, content: { "application/json": { schema }, ...form } };
}

function response({ description, content, headers }: Answer): JsonObject {
  return {
    description,
    content: mapValues(content, (schema) => ({ schema: convert(schema) })),
    ...(headers === undefined
      ? {}
      : { headers: mapValues(headers, (text) => ({ description: text, schema: { type: "string" } })) }),
  };
}

/** One answer for each status, naming the codes it can carry. */
function problems(route: Route): JsonObject {
  const codes = new Set<ErrorCode>([...route.faults, ...commonFaults(route)]);
  const statuses = [...codes].map((code) => ({ status: PROBLEMS[code].status, code }));
  // The one status that no code has by itself: a body of another content type.
  if (route.body !== undefined) statuses.push({ status: 415, code: "E_MALFORMED_JSON" });
  const byStatus = Map.groupBy(statuses, ({ status }) => status);
  return Object.fromEntries(
    [...byStatus].map(([status, group]) => [
      status,
      {
        description: group
          .map(({ code }) => code)
          .toSorted()
          .join(", "),
        content: {
          "application/problem+json": { schema: reference("Problem") },
          ...(route.showFault === undefined ? {} : { "text/html": { schema: { type: "string" } } }),
        },
      },
    ]),
  );
}

function commonFaults({ body }: Route): ErrorCode[] {
  const ofBody = ["E_MALFORMED_JSON", "E_INVALID_INPUT", "E_NOT_SERIALIZABLE", "E_BODY_TOO_LARGE"] as const;
  // Every route refuses what its query does not name.
  return ["E_BAD_OPTION", "E_INTERNAL", "E_CORRUPT", "E_NEWER_FORMAT", ...(body === undefined ? [] : ofBody)];
}

const CONVERSION: ConversionConfig = {
  target: "draft-2020-12",
  overrideRef: ({ referenceId }) => `#/components/schemas/${referenceId}`,
  // A check in code says nothing in JSON Schema; the description beside it does. Blanks around a text may be sent.
  ignoreActions: ["check", "trim"],
};

function convert(schema: Schema): JsonObject {
  const name = Object.entries(NAMED).find(([, named]) => named === schema)?.[0];
  if (name !== undefined) return reference(name);
  // Output: a query value is described as what it means (a whole number), not as the text it comes in.
  const converted = toJsonSchema(schema, { ...CONVERSION, typeMode: "output", definitions: NAMED });
  const { $schema: _schema, $defs: _definitions, ...shape } = converted as JsonObject;
  return shape;
}

function reference(name: string): JsonObject {
  return { $ref: `#/components/schemas/${name}` };
}

function mapValues<Value, Mapped>(
  record: Readonly<Record<string, Value>>,
  map: (value: Value) => Mapped,
): Record<string, Mapped> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}
