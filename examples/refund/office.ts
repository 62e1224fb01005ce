// The outside world of the refund example: a mail program and a bank. Both only note what they were asked for.
import type { ApprovalRequest } from "perdure";

export interface Mail {
  readonly to: string;
  readonly text: string;
  readonly links?: ApprovalRequest;
}

export interface Transfer {
  readonly orderId: string;
  readonly cents: number;
  readonly callback: string;
}

const mails: Mail[] = [];
/** By idempotency key: a bank that is asked twice transfers once. */
const transfers = new Map<string, Transfer>();

export const mail = {
  ask: (to: string, text: string, links: ApprovalRequest) => void mails.push({ to, text, links }),
  tell: (to: string, text: string) => void mails.push({ to, text }),
  sent: (): readonly Mail[] => mails,
};

export const bank = {
  transfer: (transfer: Transfer, idempotencyKey: string) => void transfers.set(idempotencyKey, transfer),
  asked: (): readonly Transfer[] => [...transfers.values()],
};

/** As before the first refund. */
export function clearOffice(): void {
  mails.length = 0;
  transfers.clear();
}
