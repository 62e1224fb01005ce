// GET and POST /approvals/{token}: what a person sees who opens the link in a mail, and what opens it before them.
import { afterEach, describe, expect, test, vi } from "vitest";
import { ApprovalDecided, RunDetail } from "../../lib/api/answers.ts";
import { type Bench, openBench, problemOf, readJson } from "./bench.ts";
import { handedOut, PATIENCE, refund } from "./samples.ts";

const FORM = { "content-type": "application/x-www-form-urlencoded" };
const HOUR_MS = 3_600_000;

afterEach(() => handedOut.clear());

/** Starts a refund, and gives the paths of its links once they were sent. */
async function startRefund({ start }: Bench, timeoutMs = HOUR_MS) {
  const runId = await start("refund", timeoutMs);
  const [approve = "", reject = ""] = (await vi.waitUntil(() => handedOut.get(runId), PATIENCE)).map(
    (link) => new URL(link).pathname,
  );
  return { runId, approve, reject };
}

async function ended({ get }: Bench, runId: string) {
  return await readJson(RunDetail, get(`/runs/${runId}?wait=5s`));
}

describe("the link of an approval", () => {
  test("opens a page that asks, and opening it decides nothing, however often and by whatever method", async () => {
    const bench = openBench([refund]);
    const { runId, approve, reject } = await startRefund(bench);
    const before = bench.writes.length;
    for (const path of [approve, reject, approve]) {
      expect((await bench.app.request(path, { method: "HEAD" })).status).toBe(200);
      const page = await bench.get(path);
      expect(page.status).toBe(200);
      expect(page.headers.get("content-type")).toContain("text/html");
      expect(await page.text()).toContain('<form method="post">');
    }
    // A run that suspends meanwhile writes its own; a fact is what a decision would be.
    expect(bench.writes.slice(before)).not.toContain("putFact");
    expect((await readJson(RunDetail, bench.get(`/runs/${runId}`))).status).not.toBe("succeeded");
  });

  test("decides when its form is sent, and says who, when and why", async () => {
    const bench = openBench([refund]);
    const { runId, approve } = await startRefund(bench);
    const answer = await bench.post(approve, "by=Grace+Hopper&note=looks+right", FORM);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain("You have approved");
    expect((await ended(bench, runId)).result).toEqual({
      approved: true,
      by: "Grace Hopper",
      note: "looks right",
      at: expect.stringMatching(/^\d{4}-/),
    });
  });

  test("decides as it says: the other link rejects, and fields left empty are left out", async () => {
    const bench = openBench([refund]);
    const { runId, reject } = await startRefund(bench);
    await bench.post(reject, "by=&note=+", FORM);
    expect((await ended(bench, runId)).result).toEqual({ approved: false, at: expect.any(String) });
  });

  test("is answered with JSON when it is sent JSON, or nothing", async () => {
    const bench = openBench([refund]);
    const { runId, approve } = await startRefund(bench);
    const decided = await readJson(ApprovalDecided, bench.post(approve, { by: "grace" }));
    expect(decided).toMatchObject({ runId, approved: true, stored: true });
    const again = await readJson(ApprovalDecided, bench.post(approve, { by: "grace" }));
    expect(again.stored).toBe(false);
  });

  test("can be used once: the first decision counts, and the page says whose it was", async () => {
    const bench = openBench([refund]);
    const { runId, approve, reject } = await startRefund(bench);
    await bench.post(approve, "by=grace", FORM);
    expect((await ended(bench, runId)).result).toMatchObject({ approved: true });
    const late = await bench.post(reject, "by=eve", FORM);
    expect(late.status).toBe(409);
    const text = await late.text();
    expect(text).toContain("It was approved by grace");
    expect(text).not.toContain("<form");
    expect(await (await bench.get(reject)).text()).toContain("has been decided");
    expect(await problemOf(await bench.post(reject, { by: "eve" }))).toMatchObject({
      status: 409,
      code: "E_CALLBACK_COMPLETED",
    });
  });

  test("says that its time is over, and decides nothing then", async () => {
    const bench = openBench([refund]);
    const { runId, approve } = await startRefund(bench, 50);
    expect((await ended(bench, runId)).error).toMatchObject({ code: "E_TIMEOUT" });
    const late = await bench.post(approve, "", FORM);
    expect(late.status).toBe(410);
    expect(await late.text()).toContain("time");
    expect(await (await bench.get(approve)).text()).not.toContain("<form");
  });

  test("needs no decision any more when the run was ended", async () => {
    const bench = openBench([refund]);
    const { runId, approve } = await startRefund(bench);
    await bench.post(`/runs/${runId}/terminate`);
    expect(await (await bench.get(approve)).text()).toContain("needs no decision");
    expect(await problemOf(await bench.post(approve))).toMatchObject({ code: "E_CALLBACK_CLOSED" });
  });
});

describe("the page", () => {
  test("runs no script, loads nothing, cannot be framed, is not kept, and tells no site its address", async () => {
    const bench = openBench([refund]);
    const { approve } = await startRefund(bench);
    const { headers } = await bench.get(approve);
    const policy = headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toContain("form-action 'self'");
    expect(headers.get("referrer-policy")).toBe("no-referrer");
    expect(headers.get("cache-control")).toBe("no-store");
  });

  test("shows names and words of people as text, and does not hold the token", async () => {
    const bench = openBench([refund]);
    const { approve, reject } = await startRefund(bench);
    const token = approve.slice(approve.lastIndexOf("/") + 1);
    const before = await (await bench.get(approve)).text();
    expect(before).toContain("refund &lt;b&gt;all");
    expect(before).not.toContain(token);
    await bench.post(approve, "by=%3Cscript%3E", FORM);
    const after = await (await bench.get(reject)).text();
    expect(after).toContain("&lt;script&gt;");
    expect(after).not.toContain("<script>");
  });

  test("of a link that was made up is a page, too; a program gets a problem", async () => {
    const { get, post } = openBench([refund]);
    const page = await get("/approvals/cb_nix.nix");
    expect(page.status).toBe(404);
    expect(page.headers.get("content-type")).toContain("text/html");
    expect((await post("/approvals/cb_nix.nix", "", FORM)).headers.get("content-type")).toContain(
      "text/html",
    );
    expect(await problemOf(await post("/approvals/cb_nix.nix"))).toMatchObject({
      code: "E_CALLBACK_NOT_FOUND",
    });
  });

  test("refuses a note that is too long, with a page that says so", async () => {
    const bench = openBench([refund]);
    const { approve } = await startRefund(bench);
    const answer = await bench.post(approve, `note=${"x".repeat(2_001)}`, FORM);
    expect(answer.status).toBe(422);
    expect(await answer.text()).toContain("note");
    expect(await (await bench.get(approve)).text()).toContain("<form");
  });
});
