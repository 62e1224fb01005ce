// What a shop has sold in a day, mailed every morning. A schedule starts it; the day it is about is that of the time it was
// scheduled for, so that a run which starts late, or is filled in weeks later, tells of its own day.
import { workflow } from "perdure";
import * as v from "valibot";
import { mail, sales } from "./shop.ts";

const Digest = v.object({ to: v.pipe(v.string(), v.email()) });
const DAY_MS = 86_400_000;

export const digest = workflow("digest", { input: Digest }, async (ctx, { to }) => {
  const morning = ctx.scheduled?.for ?? ctx.now();
  const day = new Date(morning.getTime() - DAY_MS).toISOString().slice(0, 10);
  const sold = await ctx.step("add up", () => sales.of(day));
  await ctx.step("mail", (s) => mail.send(to, `${day}: ${sold} sold`, s.idempotencyKey));
  return { day, sold };
});
