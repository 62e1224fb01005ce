// The refund example as its author would test it: the links of the mail are pressed, or not, under a virtual clock.
import { createTestEnvironment } from "perdure/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { bank, clearOffice, mail } from "./office.ts";
import { refund } from "./workflow.ts";

const large = { orderId: "A-1001", customer: "ada@example.com", cents: 9_900 };

/** The links of the newest mail that has some. */
function links() {
  const found = mail.sent().findLast((sent) => sent.links !== undefined)?.links;
  if (found === undefined) throw new Error("nobody was asked");
  return found;
}

describe("a refund", () => {
  beforeEach(clearOffice);

  it("is paid when somebody presses the link and the bank has done it", async () => {
    const environment = createTestEnvironment({ workflows: [refund] });
    const run = await environment.start(refund, large);
    await environment.settle();
    expect(mail.sent()).toMatchObject([{ to: "teamlead@shop.example" }]);
    await environment.decide(links().approveUrl, { by: "grace" });
    await environment.settle();
    const [transfer] = bank.asked();
    expect(transfer).toMatchObject({ orderId: "A-1001", cents: 9_900 });
    await environment.complete(String(transfer?.callback), { result: { reference: "SEPA-7" } });
    expect(await run.result()).toEqual({ status: "refunded", reference: "SEPA-7" });
  });

  it("that is rejected tells the customer why", async () => {
    const environment = createTestEnvironment({ workflows: [refund] });
    const run = await environment.start(refund, large);
    await environment.settle();
    await environment.decide(links().rejectUrl, { by: "grace", note: "it was worn" });
    expect(await run.result()).toEqual({ status: "rejected", by: "grace" });
    expect(mail.sent().at(-1)).toEqual({
      to: "ada@example.com",
      text: "We cannot refund it: it was worn",
    });
    await expect(environment.decide(links().approveUrl)).rejects.toThrow("E_CALLBACK_COMPLETED");
  });

  it("is put to a second person after two days, whose links are as good", async () => {
    const environment = createTestEnvironment({ workflows: [refund] });
    const run = await environment.start(refund, large);
    await environment.advance("2 days 1 minute");
    expect(mail.sent().map(({ to }) => to)).toEqual(["teamlead@shop.example", "head@shop.example"]);
    await environment.decide(links().rejectUrl, { by: "linus" });
    expect(await run.result()).toEqual({ status: "rejected", by: "linus" });
  });

  it("that nobody decides within a week is undecided, and its links are dead", async () => {
    const environment = createTestEnvironment({ workflows: [refund] });
    const run = await environment.start(refund, large);
    expect(await run.result()).toEqual({ status: "undecided" });
    await expect(environment.decide(links().approveUrl)).rejects.toThrow("E_CALLBACK_CLOSED");
  });

  it("that is small asks nobody", async () => {
    const environment = createTestEnvironment({ workflows: [refund] });
    await environment.start(refund, { ...large, cents: 500 });
    await environment.settle();
    expect(mail.sent()).toEqual([]);
    expect(bank.asked()).toHaveLength(1);
  });

  it("is asked of the bank once, wherever the process dies", async () => {
    for (const dies of [false, true]) {
      clearOffice();
      const environment = createTestEnvironment({ workflows: [refund] });
      const run = await environment.start(refund, large);
      await environment.settle();
      await environment.decide(links().approveUrl, { by: "grace" });
      if (dies) environment.crash();
      await environment.settle();
      await environment.advance("1 minute");
      expect(bank.asked()).toHaveLength(1);
      await environment.complete(String(bank.asked()[0]?.callback), { result: { reference: "SEPA-8" } });
      expect(await run.result()).toMatchObject({ status: "refunded" });
    }
  });
});
