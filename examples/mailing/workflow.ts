// A mailing to many customers: one child run for each country, so that each has a journal, an end and a retry of its own;
// in each, every customer is a step, ten at a time, and some may fail.
import { workflow } from "perdure";
import * as v from "valibot";
import * as post from "./post.ts";

const Customer = v.object({ email: v.string(), country: v.string() });

export const national = workflow(
  "national-mailing",
  { input: v.object({ text: v.string(), customers: v.array(Customer) }) },
  async (ctx, { text, customers }) => {
    const sent = await ctx.map(
      "send",
      customers,
      (c, { email }) => c.step("mail", (s) => post.send(email, text, s.idempotencyKey)),
      { concurrency: 10, tolerate: "20%" },
    );
    return { sent: sent.values.length, missed: sent.failures.map(({ index }) => customers[index]?.email) };
  },
);

export const mailing = workflow(
  "mailing",
  { input: v.object({ text: v.string(), customers: v.array(Customer) }) },
  async (ctx, { text, customers }) => {
    const countries = [...new Set(customers.map(({ country }) => country))].toSorted();
    const reports = await ctx.map(
      "countries",
      countries,
      (c, country) => {
        const there = customers.filter((customer) => customer.country === country);
        return c.runChild("mailing", national, { text, customers: there });
      },
      // What failed in one country is no reason to stop the others.
      { tolerate: "all" },
    );
    return Object.fromEntries(
      reports.items.map((item) => {
        if (item.status === "succeeded") return [countries[item.index], item.value];
        return [
          countries[item.index],
          { failed: item.status === "failed" ? String(item.error) : item.status },
        ];
      }),
    );
  },
);
