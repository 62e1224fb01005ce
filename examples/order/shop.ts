// The outside world of the order example: a stock, a payment gateway and a carrier. Each call is idempotent by the key
// that the step hands over, as a real one would be: the answer depends on nothing else.
import { RetryableError } from "perdure";

export interface Line {
  readonly sku: string;
  readonly quantity: number;
  readonly unitCents: number;
}

export interface Reservation {
  readonly reservationId: string;
  readonly totalCents: number;
}

export function reserve(lines: readonly Line[], idempotencyKey: string): Reservation {
  const totalCents = lines.reduce((sum, line) => sum + line.quantity * line.unitCents, 0);
  return { reservationId: `res:${idempotencyKey}`, totalCents };
}

export function release(reservation: Reservation): { readonly released: string } {
  return { released: reservation.reservationId };
}

/** The gateway is down at the first attempt, so that every run shows a retry. */
export function charge(
  totalCents: number,
  attempt: number,
  idempotencyKey: string,
): { readonly paymentId: string; readonly totalCents: number } {
  if (attempt === 1) throw new RetryableError("payment gateway timed out", { retryAfter: "200ms" });
  return { paymentId: `pay:${idempotencyKey}`, totalCents };
}

export function refund(paymentId: string): { readonly refunded: string } {
  return { refunded: paymentId };
}

export function ship(orderId: string, idempotencyKey: string): { readonly trackingId: string } {
  return { trackingId: `trk:${orderId}:${idempotencyKey}` };
}
