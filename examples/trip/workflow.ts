// A trip of three bookings that are only good together: when one cannot be had, or somebody calls the trip off, the
// bookings made so far are undone, the newest first.
import { workflow } from "perdure";
import * as v from "valibot";
import * as agency from "./agency.ts";

const Trip = v.object({
  traveller: v.pipe(v.string(), v.minLength(1)),
  city: v.pipe(v.string(), v.minLength(1)),
  /** Until then it can be called off. */
  departsAt: v.pipe(v.string(), v.isoTimestamp()),
});

export const trip = workflow("trip", { input: Trip }, async (ctx, { traveller, city, departsAt }) => {
  const flight = await ctx.step("flight", (s) => agency.book("flight", city, s.idempotencyKey), {
    compensate: (booking, s) => agency.giveBack(booking, s.idempotencyKey),
  });
  const hotel = await ctx.step("hotel", (s) => agency.book("hotel", city, s.idempotencyKey), {
    // An undo is a step, too: it is recorded, and tried again by a policy of its own.
    compensate: {
      undo: (booking, s) => agency.giveBack(booking, s.idempotencyKey),
      retry: { maxAttempts: 10, max: "1h" },
    },
  });
  const car = await ctx.step("car", (s) => agency.book("car", city, s.idempotencyKey), {
    retry: { maxAttempts: 2 },
    compensate: (booking, s) => agency.giveBack(booking, s.idempotencyKey),
  });
  await ctx.sleepUntil("departure", departsAt);
  // Under way: what comes now takes nothing back.
  ctx.compensations.forget();
  await ctx.step("wish a good journey", () => agency.write(traveller, "Have a good journey!"));
  return { flight: flight.id, hotel: hotel.id, car: car.id };
});
