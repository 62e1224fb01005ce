// SHA-256 as a pure function. The only use of node:crypto in the engine: hashing is not chance.
import { createHash } from "node:crypto";

export function sha256Hex(text: string): string {
  return createHash("sha256").update(text, "utf8").digest("hex");
}

/** A digest of stored data: the same whatever order the keys of its objects come in, which a store need not keep. */
export function digestOfData(data: unknown): string {
  return shortDigest(JSON.stringify(data, (_key, value: unknown) => inOrder(value)));
}

function inOrder(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** 26 characters of Crockford base32, the alphabet of ULIDs: 130 bits of the hash. */
export function shortDigest(text: string): string {
  const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  const bytes = createHash("sha256").update(text, "utf8").digest();
  let digest = "";
  let bits = 0;
  let pending = 0;
  for (const byte of bytes) {
    pending = (pending << 8) | byte;
    bits += 8;
    while (bits >= 5 && digest.length < 26) {
      bits -= 5;
      digest += alphabet.charAt((pending >> bits) & 31);
    }
    pending &= (1 << bits) - 1;
  }
  return digest;
}
