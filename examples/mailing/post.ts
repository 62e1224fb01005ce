// The outside world of the mailing example: a mail service that refuses what is no address, and sends once by key.
import { TerminalError } from "perdure";

const sent = new Map<string, string>();

export function send(email: string, _text: string, idempotencyKey: string): void {
  if (!email.includes("@")) throw new TerminalError(`${email} is no address`);
  sent.set(idempotencyKey, email);
}

/** Addresses, in the order of their alphabet. */
export function delivered(): readonly string[] {
  return [...sent.values()].toSorted();
}

export function closePost(): void {
  sent.clear();
}
