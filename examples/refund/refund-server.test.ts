// The refund example on the local server: a person opens the link of the mail in a browser, a bank calls back.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LocalServer, startLocalServer } from "../../test/local-server.ts";

interface RunAnswer {
  readonly runId: string;
  readonly status: string;
  readonly result?: unknown;
  readonly state?: { readonly value: unknown };
  readonly waits: readonly { readonly id: string }[];
}

/** As the server's own module has them: the server loads workflows anew at each change. */
interface Office {
  readonly mail: { sent(): readonly { readonly links?: { readonly approveUrl: string } }[] };
  readonly bank: { asked(): readonly { readonly callback: string }[] };
}

describe("a refund on the local server", () => {
  let server: LocalServer;
  beforeAll(async () => {
    server = await startLocalServer(["examples/refund/workflow.ts"]);
  });
  afterAll(async () => await server.stop());

  it("is paid by a press on the page behind the link", async () => {
    const { runId } = await server.post<RunAnswer>("/workflows/refund/runs", {
      input: { orderId: "A-1001", customer: "ada@example.com", cents: 9_900 },
    });
    const waiting = await server.until<RunAnswer>(`/runs/${runId}?wait=100ms`, ({ waits }) =>
      waits.some(({ id }) => id === "approval"),
    );
    expect(waiting.state?.value).toEqual({ stage: "waits for approval" });
    const office: Office = await import("./office.ts");
    const link = office.mail.sent().at(-1)?.links?.approveUrl ?? "";
    expect(link).toContain(`${server.url}/approvals/`);

    const page = await fetch(link);
    expect(await page.text()).toContain("Approve “approval”?");
    const pressed = await fetch(link, {
      method: "POST",
      headers: { origin: server.url },
      body: new URLSearchParams({ by: "grace", note: "" }),
    });
    expect(await pressed.text()).toContain("You have approved");

    await server.until<RunAnswer>(`/runs/${runId}?wait=100ms`, ({ waits }) =>
      waits.some(({ id }) => id === "paid"),
    );
    const token = office.bank.asked().at(-1)?.callback;
    await server.post(`/callbacks/${token}`, { result: { reference: "SEPA-7" } });
    const done = await server.until<RunAnswer>(
      `/runs/${runId}?wait=20s`,
      ({ status }) => status === "succeeded",
    );
    expect(done.result).toEqual({ status: "refunded", reference: "SEPA-7" });
    const found = await server.get<{ runs: readonly RunAnswer[] }>("/runs?attr.customer=ada@example.com");
    expect(found.runs.map((run) => run.runId)).toEqual([runId]);
  });
});
