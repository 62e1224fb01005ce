// Requests made from the OpenAPI document: a route of it, its parameters and body filled at random with what fits, what
// nearly fits and what is meant to do harm.
import fc from "fast-check";
import { hostileText } from "./values.ts";

export interface Described {
  readonly path: string;
  readonly method: string;
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly schema?: object }[];
  readonly bodyFields: readonly string[] | undefined;
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, unknown>> }>>;
}

interface Operation {
  readonly parameters?: Described["parameters"];
  readonly requestBody?: {
    readonly content: Readonly<Record<string, { readonly schema: { properties?: object } }>>;
  };
  readonly responses: Described["responses"];
}

export interface Asked {
  readonly operation: Described;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer> | undefined;
}

export function describedIn(document: { readonly paths: Readonly<Record<string, object>> }): Described[] {
  return Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations as Record<string, Operation>).map(([method, operation]) => {
      const { parameters = [], requestBody, responses } = operation;
      const schema = requestBody?.content["application/json"]?.schema;
      const bodyFields = requestBody === undefined ? undefined : Object.keys(schema?.properties ?? {});
      return { path, method: method.toUpperCase(), parameters, bodyFields, responses };
    }),
  );
}

/** By the name of the parameter. */
type Known = Readonly<Record<string, readonly string[]>>;

/** `known` are values that lead somewhere: ids of runs, names of workflows and signals. */
export function requestOf(operation: Described, known: Known): fc.Arbitrary<Asked> {
  const inPath = operation.parameters.filter((parameter) => parameter.in === "path");
  const inQuery = operation.parameters.filter((parameter) => parameter.in === "query");
  const inHeader = operation.parameters.filter((parameter) => parameter.in === "header");
  return fc
    .record({
      path: fc.tuple(...inPath.map(({ name }) => pathPart(known[name] ?? ["x"]))),
      query: fc.array(
        fc.tuple(queryName(inQuery.map(({ name }) => name)), queryValue(Object.values(known).flat())),
        { maxLength: inQuery.length === 0 ? 1 : 3 },
      ),
      keys: fc.tuple(...inHeader.map(() => fc.option(headerText, { nil: undefined, freq: 3 }))),
      type: contentType,
      encoding: fc.option(fc.constantFrom("gzip", "br", "identity"), { nil: undefined, freq: 8 }),
      body: operation.bodyFields === undefined ? fc.constant(undefined) : bytesOf(operation.bodyFields),
    })
    .map(({ path, query, keys, type, encoding, body }) => {
      let i = 0;
      const address = operation.path.replaceAll(/\{\w+\}/g, () => path[i++] ?? "x");
      const search = query.map(([name, value]) => `${name}=${value}`).join("&");
      const headers: Record<string, string> = {};
      for (const [at, { name }] of inHeader.entries()) if (keys[at] !== undefined) headers[name] = keys[at];
      if (type !== undefined && body !== undefined) headers["content-type"] = type;
      if (encoding !== undefined && body !== undefined) headers["content-encoding"] = encoding;
      return { operation, url: `${address}${search === "" ? "" : `?${search}`}`, headers, body };
    });
}

const escaped = hostileText.map((text) => encodeURIComponent(text.toWellFormed()));
const long = fc.constant("x".repeat(3_000));
const broken = fc.constantFrom("%", "%E0%A4%A", "%00", "%2e%2e", "a%2Fb", "%F0%9F%92%A9", "%ED%A0%80");

const pathPart = (known: readonly string[]) =>
  fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...known) },
    { weight: 3, arbitrary: escaped.filter((text) => text !== "" && text !== "." && text !== "..") },
    { weight: 1, arbitrary: long },
    { weight: 1, arbitrary: broken },
  );
const queryName = (names: readonly string[]) =>
  fc.oneof(
    ...(names.length === 0 ? [] : [{ weight: 6, arbitrary: fc.constantFrom(...names) }]),
    { weight: 1, arbitrary: escaped },
    { weight: 1, arbitrary: fc.constantFrom("__proto__", "constructor", "wait", "limit", "a[b]") },
  );
const queryValue = (known: readonly string[]) =>
  fc.oneof(
    fc.constantFrom(
      "0",
      "1",
      "100",
      "-1",
      "1e9",
      "9999999999",
      "99999999999999999999",
      "0x10",
      "1.5",
      "NaN",
      "",
    ),
    fc.constantFrom(
      "2026-01-01",
      "2026-01-31T12:00:00Z",
      "0000-01-01",
      "9999-12-31",
      "2026-02-30",
      "+275760-09-13",
    ),
    fc.constantFrom(
      "succeeded",
      "failed,stalled",
      "succeeded,succeeded",
      "1ms",
      "0s",
      "-1s",
      "W10=",
      "WzEsImEiXQ",
    ),
    fc.constantFrom("eyJhIjoxfQ", "MDAwMDAwMDAwMDAwMCNh", ...known),
    escaped,
    broken,
  );
const headerText = fc.oneof(
  fc.string({ maxLength: 140 }).map((text) => text.replaceAll(/[^ -~]/g, "")),
  fc.constantFrom("k", "", "0", "-1", "1e3", "9999999999", "999999999999", "x".repeat(129)),
);
const contentType = fc.oneof(
  { weight: 8, arbitrary: fc.constant("application/json") },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      undefined,
      "text/plain",
      "application/json; charset=utf-16",
      "application/json;charset=UTF-8",
      "application/problem+json",
      "multipart/form-data; boundary=x",
      "application/x-www-form-urlencoded",
      "json",
    ),
  },
);

const deep = fc.constantFrom(10, 199, 200, 201, 100_000).map((n) => `${"[".repeat(n)}${"]".repeat(n)}`);
const jsonText = fc.oneof(
  { weight: 6, arbitrary: fc.json({ stringUnit: "binary" }) },
  { weight: 2, arbitrary: hostileText.map((text) => JSON.stringify(text)) },
  { weight: 1, arbitrary: deep },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      '{"who":"Ada"}',
      '{"ok":true}',
      '{"__proto__":{"polluted":true},"who":"Ada","ok":true}',
      '{"constructor":{"prototype":{"polluted":true}}}',
      '{"who":"a","who":"b","ok":false}',
      "1e400",
      "-1e400",
      "123456789012345678901234567890",
      '"\\ud800"',
      '"\\u0000"',
      "-0",
      JSON.stringify("y".repeat(100_000)),
    ),
  },
);

/** An object with the fields that are described, more or less, or anything else. */
function bytesOf(fields: readonly string[]): fc.Arbitrary<Uint8Array<ArrayBuffer>> {
  const name = fc.oneof(
    ...(fields.length === 0 ? [] : [{ weight: 8, arbitrary: fc.constantFrom(...fields) }]),
    { weight: 1, arbitrary: hostileText },
  );
  const object = fc
    .array(fc.tuple(name, jsonText), { maxLength: 3 })
    .map((pairs) => `{${pairs.map(([field, value]) => `${JSON.stringify(field)}:${value}`).join(",")}}`);
  // What chance would hardly come to.
  const fitting = fields.includes("after")
    ? ['{"after":0}', '{"after":0,"input":null}']
    : fields.includes("cron")
      ? schedules(fields.includes("id"))
      : fields.includes("to")
        ? ['{"from":0,"to":1000}', '{"from":"2020-01-01","to":"2020-01-02","overlap":"allow"}']
        : ["{}"];
  const text = fc.oneof(
    { weight: 8, arbitrary: object },
    { weight: 4, arbitrary: fc.constantFrom(...fitting) },
    { weight: 1, arbitrary: jsonText },
    { weight: 1, arbitrary: fc.constantFrom("", " ", "{", "\ufeff{}", "{}{}", "NaN", "undefined") },
  );
  return fc.oneof(
    { weight: 12, arbitrary: text.map((body) => new TextEncoder().encode(body)) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 30 }).map((bytes) => Uint8Array.from(bytes)) },
  );
}

/** Some fit, some fit nearly. */
function schedules(haveIds: boolean): string[] {
  const times = [
    { cron: "0 3 * * *", timeZone: "Europe/Berlin" },
    { every: "1h", overlap: "buffer-one" },
    { at: "2100-01-01T00:00:00Z" },
    { cron: "0 0 30 2 *" },
    { every: -1 },
    { at: 8.64e15 },
    { every: "1h", from: 8.64e15 },
  ];
  return times.map((when, i) =>
    JSON.stringify({ ...(haveIds ? { id: `s${i}` } : {}), workflow: "exotic", ...when }),
  );
}
