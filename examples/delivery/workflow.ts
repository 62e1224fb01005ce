// A parcel on its way: whoever asks sees where it is, finds it by its customer, and hears of it when it arrives, and nobody
// has to wake its run for that.
import { workflow } from "perdure";
import * as v from "valibot";

const Delivery = v.object({
  parcel: v.pipe(v.string(), v.minLength(1)),
  customer: v.pipe(v.string(), v.minLength(1)),
});

/** The carrier has seen the parcel. */
const Scan = v.object({ place: v.string(), delivered: v.optional(v.boolean(), false) });

export const delivery = workflow(
  "delivery",
  { input: Delivery, signals: { scanned: Scan } },
  async (ctx, { parcel, customer }) => {
    await ctx.setAttributes({ parcel, customer, stage: "on its way" });
    const places: string[] = [];
    for await (const { place, delivered } of ctx.signals("scanned")) {
      places.push(place);
      await ctx.publish({ place, places: places.length, since: ctx.now() });
      if (!delivered) continue;
      await ctx.setAttributes({ stage: "delivered" });
      await ctx.emit({ type: "parcel.delivered", detail: { parcel, customer, place, at: ctx.now() } });
      break;
    }
    return places;
  },
);
