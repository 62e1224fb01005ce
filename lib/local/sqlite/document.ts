// Documents as JSON text that people can query, with bytes as { "$bytes": base64 }. Nothing else in a document can have
// that shape: what users give us lies in it as text or as bytes, never as objects.
import type { Checkpoint, Fact } from "../../ports/journal.ts";
import type { Run } from "../../ports/run.ts";

export type Document = Run | Checkpoint | Fact;

export function writeDocument(document: Document): string {
  // `this[name]`, because a Buffer has turned itself into JSON before the replacer sees its value.
  return JSON.stringify(document, function (this: Record<string, unknown>, name, value: unknown) {
    const original = this[name];
    return original instanceof Uint8Array ? { $bytes: Buffer.from(original).toString("base64") } : value;
  });
}

export function readDocument<Kind extends Document>(text: string): Kind {
  return JSON.parse(text, (_name, value: unknown) => {
    if (typeof value !== "object" || value === null || !("$bytes" in value)) return value;
    return Uint8Array.from(Buffer.from(String(value.$bytes), "base64"));
  }) as Kind;
}
