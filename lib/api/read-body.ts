// The body of a request: JSON, of bounded size and depth, whatever its headers say of it. Demanding the content type is
// also what keeps other sites out: a browser sends JSON across sites only after asking, and nobody here says yes.
import { MAX_VALUE_BYTES, MAX_VALUE_DEPTH } from "../limits.ts";
import { PerdureError } from "../sdk/errors.ts";
import { HttpFault } from "./problem.ts";

const JSON_TYPE = /^application\/json\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?$/i;

const FORM_TYPE = /^application\/x-www-form-urlencoded\s*(?:;|$)/i;

/** What a page's form sends. */
export function isForm(request: Request): boolean {
  return FORM_TYPE.test(request.headers.get("content-type") ?? "");
}

/** The fields of a form: text, or a list when a name comes several times. @throws E_MALFORMED_JSON, E_BODY_TOO_LARGE */
export async function readForm(request: Request): Promise<Record<string, string | string[]>> {
  const fields = [...new URLSearchParams(decodeText(await readBytes(request.body)))];
  const byName = Map.groupBy(fields, ([name]) => name);
  return Object.fromEntries(
    [...byName].map(([name, values]) => {
      const [first = "", ...rest] = values.map(([, value]) => value);
      return [name, rest.length === 0 ? first : [first, ...rest]];
    }),
  );
}

/** Nothing when the body is empty. @throws E_MALFORMED_JSON, E_BODY_TOO_LARGE */
export async function readBody(
  request: Request,
  isOptional: boolean,
): Promise<{ readonly json: unknown } | undefined> {
  const type = request.headers.get("content-type");
  // Nothing is sent, and not by a page: a browser names the page's origin with every POST.
  const isPages = request.headers.has("origin");
  if (isOptional && type === null && !isPages && (await isEmpty(request))) return undefined;
  if (type === null || !JSON_TYPE.test(type)) {
    const what = `The request has ${type === null ? "no content-type" : `the content-type ${JSON.stringify(type.slice(0, 100))}`}; it must be application/json.`;
    throw new HttpFault(415, "E_MALFORMED_JSON", what);
  }
  const claimedBytes = Number(request.headers.get("content-length") ?? 0);
  if (claimedBytes > MAX_VALUE_BYTES) throw tooLarge();
  const text = decodeText(await readBytes(request.body));
  return text.trim() === "" ? undefined : { json: parse(text) };
}

async function isEmpty(request: Request): Promise<boolean> {
  return request.body === null || (await readBytes(request.clone().body)).byteLength === 0;
}

/** Counts what really comes: a header may lie, and a chunked body has none. */
async function readBytes(body: ReadableStream<Uint8Array> | null): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of body ?? []) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > MAX_VALUE_BYTES) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new PerdureError("E_MALFORMED_JSON", "The body is not UTF-8.");
  }
}

function parse(text: string): unknown {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    // V8 quotes the text around the fault; nothing there that the caller did not send.
    throw new PerdureError(
      "E_MALFORMED_JSON",
      `The body is not JSON: ${error instanceof Error ? error.message : ""}.`,
    );
  }
  checkDepth(json);
  return json;
}

/** Without recursion: everything behind this may recurse. The body is one level around the value. */
function checkDepth(json: unknown): void {
  let level: unknown[] = [json];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_VALUE_DEPTH + 1) {
      throw new PerdureError("E_NOT_SERIALIZABLE", `The body is nested more than ${MAX_VALUE_DEPTH} deep.`);
    }
    level = level.flatMap((value) =>
      typeof value === "object" && value !== null ? Object.values(value) : [],
    );
  }
}

function tooLarge(): PerdureError {
  return new PerdureError("E_BODY_TOO_LARGE", `The body has more than ${MAX_VALUE_BYTES} bytes.`);
}
