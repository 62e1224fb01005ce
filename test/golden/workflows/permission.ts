// A person decides by a link, after somebody else was asked as well.
import { workflow } from "perdure";
import { expect } from "vitest";
import type { Golden } from "../golden.ts";

const desk: string[] = [];
const to = ({ approveUrl }: { readonly approveUrl: string }) => desk.push(approveUrl);

export const golden: Golden = {
  workflow: workflow("permission", async (ctx) => {
    const approval = await ctx.waitForApproval("refund", {
      to,
      timeout: "30 days",
      escalate: { after: "1 day", to },
    });
    return [approval, await ctx.step("refund", () => "refunded")];
  }),
  desk,
  acts: [{ act: "approve", payload: "her boss", afterMs: 2 * 86_400_000 }],
  outcome: {
    status: "succeeded",
    value: [{ approved: true, by: "her boss", at: expect.any(Date) }, "refunded"],
  },
};
