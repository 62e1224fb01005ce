// The outside world of the trip example: an agency that books and takes back. Each call is idempotent by its key, as at
// a real one, so that a second call with the same key changes nothing.
import { TerminalError } from "perdure";

export interface Booking {
  readonly id: string;
  readonly what: string;
}

const held = new Map<string, Booking>();
const taken = new Set<string>();
const letters: string[] = [];

export function book(what: string, city: string, idempotencyKey: string): Booking {
  if (what === "car" && city === "Venice") throw new TerminalError("there are no cars in Venice");
  const booking = { id: `${what}:${idempotencyKey}`, what };
  if (!taken.has(booking.id)) held.set(booking.id, booking);
  return booking;
}

export function giveBack({ id }: Booking, _idempotencyKey: string): void {
  taken.add(id);
  held.delete(id);
}

export function write(to: string, text: string): void {
  letters.push(`${to}: ${text}`);
}

/** What is booked, in the order in which it was. */
export function bookings(): readonly string[] {
  return [...held.values()].map(({ what }) => what);
}

/** As before the first trip. */
export function closeAgency(): void {
  held.clear();
  taken.clear();
  letters.length = 0;
}
