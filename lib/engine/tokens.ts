// Tokens that complete a callback. A token names its run and holds a secret; the run's inbox holds only the secret's hash,
// so neither the table nor the journal nor a log gives anybody the power to complete it.
//
//   cb_<run id, base64url>.<secret>        fact token-<sha256 of the secret>  ──► the call it completes
import type { Fact } from "../ports/journal.ts";
import type { Ports } from "../ports/ports.ts";
import { PerdureError } from "../sdk/errors.ts";
import { sha256Hex } from "./digest.ts";
import type { Engine } from "./engine.ts";
import { readFact } from "./read-fact.ts";

export type TokenFact = Extract<Fact, { kind: "token" }>;

export interface TokenRequest {
  /** Key of the call it completes. */
  readonly callback: string;
  readonly decision?: "approve" | "reject";
  /** Epoch ms. */
  readonly expiresAt?: number;
}

export interface Tokens {
  /** A new token that completes a callback. */
  mint(request: TokenRequest): Promise<string>;
  /** What a person opens to use a token. @throws E_BAD_OPTION when nobody said where the API is reached */
  linkOf(token: string): string;
}

const SHAPE = /^cb_([\w-]+)\.([\w-]{43})$/;

export function tokensOf({ ports, publicUrl }: Engine, runId: string): Tokens {
  return {
    async mint(request) {
      const secret = ports.random.secret();
      const fact: TokenFact = { kind: "token", key: keyOf(secret), at: ports.clock.now(), ...request };
      await ports.store.journal.putFact(runId, fact);
      return `cb_${Buffer.from(runId).toString("base64url")}.${secret}`;
    },
    linkOf(token) {
      if (publicUrl !== undefined) return `${publicUrl}/approvals/${token}`;
      const what =
        "Approval links need the address at which the API is reached; `publicUrl` of the engine is not set.";
      throw new PerdureError("E_BAD_OPTION", what);
    },
  };
}

/** @throws E_CALLBACK_NOT_FOUND */
export async function readToken(
  ports: Ports,
  token: string,
): Promise<{ readonly runId: string; readonly fact: TokenFact }> {
  const [, encoded = "", secret = ""] = SHAPE.exec(token) ?? [];
  const runId = Buffer.from(encoded, "base64url").toString("utf8");
  const fact = secret === "" ? undefined : await readFact(ports.store, runId, keyOf(secret));
  if (fact?.kind === "token") return { runId, fact };
  throw new PerdureError("E_CALLBACK_NOT_FOUND", "There is no callback with this token.");
}

function keyOf(secret: string): string {
  return `token-${sha256Hex(secret)}`;
}
