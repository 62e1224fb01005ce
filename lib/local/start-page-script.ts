// What the start page does, as text: it runs in the browser. Looks at the API every second or so while the page is
// visible, and asks only for journal entries it does not have yet. Nothing is ever set as markup.

export const START_PAGE_SCRIPT = `
"use strict";
const EVERY_MS = 1000;
const at = (id) => document.getElementById(id);
const make = (tag, text, className) => Object.assign(document.createElement(tag), { textContent: text, className: className ?? "" });
let shown = { runId: undefined, after: 0 };

async function call(path, body) {
  const headers = { "content-type": "application/json", "idempotency-key": crypto.randomUUID() };
  const response = await fetch(path, body === undefined ? {} : { method: "POST", headers, body });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.detail ?? response.statusText);
  return answer;
}

function age(iso) {
  const seconds = Math.max(0, Math.round((Date.now() - Date.parse(iso)) / 1000));
  if (seconds < 90) return seconds + " s";
  if (seconds < 5400) return Math.round(seconds / 60) + " min";
  return seconds < 129600 ? Math.round(seconds / 3600) + " h" : Math.round(seconds / 86400) + " d";
}

function runRow(run) {
  const row = make("tr", "");
  const link = make("a", run.runId);
  link.href = "#" + encodeURIComponent(run.runId);
  if (run.runId === shown.runId) row.setAttribute("aria-current", "true");
  const cells = [make("span", run.status, "status " + run.status), make("span", run.workflow), link, make("span", age(run.startedAt))];
  for (const cell of cells) row.appendChild(make("td", "")).append(cell);
  return row;
}

function entryRow(entry) {
  const row = make("li", "");
  const what = [entry.type, entry.id, entry.attempt > 1 ? "(attempt " + entry.attempt + ")" : ""].filter(Boolean).join(" ");
  row.append(make("span", entry.seq), make("span", what), make("time", new Date(entry.at).toLocaleTimeString()));
  const detail = entry.error ? entry.error.name + ": " + entry.error.message : entry.value == null ? "" : JSON.stringify(entry.value);
  if (detail !== "") row.append(make("pre", detail.length > 400 ? detail.slice(0, 400) + " …" : detail, entry.error ? "failed" : ""));
  return row;
}

function waitText(wait) {
  const parts = [wait.kind, wait.id];
  if (wait.attempt) parts.push("attempt " + wait.attempt + (wait.maxAttempts ? " of " + wait.maxAttempts : ""));
  if (wait.lastError) parts.push("after " + wait.lastError);
  if (wait.until) parts.push("until " + new Date(wait.until).toLocaleString());
  return parts.join(" · ");
}

function showRun(run) {
  at("run").hidden = false;
  at("title").textContent = run.workflow + " " + run.runId;
  at("status").textContent = run.status;
  at("status").className = "status " + run.status;
  at("reason").textContent = run.stalled?.message ?? (run.error ? run.error.name + ": " + run.error.message : "");
  at("waits").replaceChildren(...run.waits.map((wait) => make("li", waitText(wait))));
  const signal = run.waits.find((wait) => wait.kind === "signal");
  if (signal !== undefined && at("signal").hidden) at("name").value = signal.id.replace(/#\\d+$/, "");
  at("signal").hidden = signal === undefined;
  at("retry").hidden = run.status !== "stalled";
  at("input").textContent = "input" in run ? JSON.stringify(run.input, null, 2) : "(large)";
  at("outcome-title").hidden = !("result" in run);
  at("outcome").textContent = "result" in run ? JSON.stringify(run.result, null, 2) : "";
}

function chooseRun() {
  const runId = decodeURIComponent(location.hash.slice(1));
  if (runId === shown.runId) return;
  shown = { runId, after: 0 };
  at("journal").replaceChildren();
  at("fault").textContent = "";
  at("signal").hidden = true;
  at("run").hidden = true;
}

async function refreshRun() {
  const { runId } = shown;
  if (runId === "") return;
  const path = "/runs/" + encodeURIComponent(runId);
  const run = await call(path);
  const page = await call(path + "/journal?after=" + shown.after);
  if (shown.runId !== runId) return;
  showRun(run);
  at("journal").append(...page.entries.filter((entry) => entry.seq > shown.after).map(entryRow));
  shown.after = Math.max(shown.after, page.after);
}

async function refresh() {
  try {
    chooseRun();
    const { runs } = await call("/runs?limit=50");
    at("runs").replaceChildren(...runs.map(runRow));
    const { workflows } = await call("/workflows");
    at("served").textContent = workflows.map((workflow) => workflow.name).join(" · ");
    at("hint").textContent = runs.length > 0 ? "" : "No runs yet. Start one: POST /workflows/" + (workflows[0]?.name ?? "NAME") + "/runs";
    await refreshRun();
  } catch (error) {
    at("hint").textContent = error instanceof TypeError ? "The server does not answer." : error.message;
  }
}

async function act(path, body) {
  at("fault").textContent = "";
  try {
    await call(path, body);
  } catch (error) {
    at("fault").textContent = error.message;
  }
  await refresh();
}

at("signal").addEventListener("submit", (event) => {
  event.preventDefault();
  const path = "/runs/" + encodeURIComponent(shown.runId) + "/signals/" + encodeURIComponent(at("name").value);
  act(path, '{"payload":' + (at("payload").value.trim() || "null") + "}");
});
at("retry").addEventListener("click", () => act("/runs/" + encodeURIComponent(shown.runId) + "/retry", "{}"));
addEventListener("hashchange", refresh);
async function loop() {
  if (!document.hidden) await refresh();
  setTimeout(loop, EVERY_MS);
}
loop();
`;
