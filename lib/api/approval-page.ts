// The page that an approval's link opens: what is asked, and a form that answers it. It needs no script and nothing from
// elsewhere; its form goes to the address it was opened by, so the page itself does not know the token.
import { createHash } from "node:crypto";
import type { ApprovalState } from "../engine/index.ts";
import { MAX_APPROVAL_NOTE_CHARS, MAX_APPROVER_CHARS } from "../limits.ts";

const STYLE = `
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: 3rem auto; padding: 0 1rem; color: #1a1a1a }
h1 { font-size: 1.4rem; line-height: 1.2 }
label { display: block; margin: 1rem 0 }
input, textarea { display: block; width: 100%; box-sizing: border-box; font: inherit; padding: .4rem }
button { font: inherit; padding: .5rem 1.2rem }
small { color: #555; overflow-wrap: anywhere }
`;

const STYLE_HASH = createHash("sha256").update(STYLE).digest("base64");

/** Nothing may be loaded, run, framed or sent elsewhere, and no other site is told the address that it was opened by. */
const HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy": `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
  "x-robots-tag": "noindex",
};

const WORDS = {
  approve: { ask: "Approve", done: "approved" },
  reject: { ask: "Reject", done: "rejected" },
} as const;

/** The approval as it stands. */
export function approvalPage(approval: ApprovalState, status = 200): Response {
  const { standing, decision } = approval;
  const about = `<p><small>Workflow ${asText(approval.workflow)}, run ${asText(approval.runId)}</small></p>`;
  switch (standing.kind) {
    case "open":
      return page(status, `${WORDS[decision].ask} “${approval.approval}”?`, `${form(approval)}${about}`);
    case "decided": {
      const { approved, by, at } = standing.by;
      const who = by === undefined ? "" : ` by ${asText(by)}`;
      const what = approved ? WORDS.approve.done : WORDS.reject.done;
      const text = `<p>It was ${what}${who} on ${utc(at.getTime())}. That counts; nothing can be changed here.</p>`;
      return page(status, `“${approval.approval}” has been decided`, `${text}${about}`);
    }
    case "expired": {
      const text = "<p>Nobody decided in time, and the workflow has gone on without an answer.</p>";
      return page(status, `The time for “${approval.approval}” is over`, `${text}${about}`);
    }
    default: {
      const text = "<p>The workflow no longer waits for it.</p>";
      return page(status, `“${approval.approval}” needs no decision any more`, `${text}${about}`);
    }
  }
}

export function decidedPage(approval: string, approved: boolean): Response {
  const what = approved ? WORDS.approve.done : WORDS.reject.done;
  return page(200, `You have ${what} “${approval}”`, "<p>It is recorded. You can close this page.</p>");
}

export function faultPage(status: number, detail: string): Response {
  return page(status, "That did not work", `<p>${asText(detail)}</p>`);
}

function form({ decision, expiresAt }: ApprovalState): string {
  const other = decision === "approve" ? "To reject it" : "To approve it";
  const until = expiresAt === undefined ? "" : ` It ends on ${utc(expiresAt)}.`;
  return `<form method="post">
<label>Your name <input name="by" maxlength="${MAX_APPROVER_CHARS}" autocomplete="name"></label>
<label>Note <textarea name="note" rows="3" maxlength="${MAX_APPROVAL_NOTE_CHARS}"></textarea></label>
<button>${WORDS[decision].ask}</button>
</form>
<p>Opening this page has decided nothing. ${other}, use the other link. Each can be used once.${until}</p>`;
}

function page(status: number, title: string, main: string): Response {
  const html = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${asText(title)}</title>
<style>${STYLE}</style>
<main>
<h1>${asText(title)}</h1>
${main}
</main>
</html>
`;
  return new Response(html, { status, headers: HEADERS });
}

/** `3 May 2027, 18:00 UTC`, the same for everybody. */
function utc(epochMs: number): string {
  const format = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeStyle: "short", timeZone: "UTC" });
  return `${format.format(epochMs)} UTC`;
}

function asText(text: string): string {
  const signs: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return text.replaceAll(/[&<>"]/g, (sign) => signs[sign] ?? sign);
}
