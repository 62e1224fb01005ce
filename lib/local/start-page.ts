// The local server's start page: runs as they come and go, the journal of one, a way to signal or retry it. It knows
// nothing that the API does not tell it. Names and values are set as text, never as markup, and the policy lets no
// script run but the one it was served with.
import { createHash } from "node:crypto";
import { START_PAGE_SCRIPT } from "./start-page-script.ts";
import { START_PAGE_STYLE } from "./start-page-style.ts";

const HTML = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Perdure</title>
<link rel="icon" href="data:,">
<style>${START_PAGE_STYLE}</style>
<header>
  <h1>Perdure</h1>
  <p id="served"></p>
  <nav><a href="/openapi.json">API</a></nav>
</header>
<main>
  <section aria-label="Runs">
    <table>
      <thead><tr><th>Status</th><th>Workflow</th><th>Run</th><th>Age</th></tr></thead>
      <tbody id="runs"></tbody>
    </table>
    <p id="hint"></p>
  </section>
  <section id="run" aria-label="Run" hidden>
    <h2><span id="title"></span> <span id="status"></span></h2>
    <p id="reason"></p>
    <ul id="waits"></ul>
    <form id="signal" hidden>
      <label>Signal <input id="name" required></label>
      <label>Payload <input id="payload" value="{}"></label>
      <button>Send</button>
    </form>
    <button id="retry" hidden>Retry</button>
    <p id="fault" role="alert"></p>
    <ol id="journal"></ol>
    <h3>Input</h3><pre id="input"></pre>
    <h3 id="outcome-title">Result</h3><pre id="outcome"></pre>
  </section>
</main>
<script>${START_PAGE_SCRIPT}</script>
</html>
`;

const POLICY = [
  "default-src 'none'",
  `script-src '${hashOf(START_PAGE_SCRIPT)}'`,
  `style-src '${hashOf(START_PAGE_STYLE)}'`,
  "img-src data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

export function startPage(): Response {
  return new Response(HTML, {
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": POLICY,
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cache-control": "no-store",
    },
  });
}

function hashOf(inline: string): string {
  return `sha256-${createHash("sha256").update(inline).digest("base64")}`;
}
