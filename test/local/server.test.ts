// The local server as people run it: a process of its own, killed, started again, and given new code.
import { request } from "node:http";
import * as v from "valibot";
import { describe, expect, test, vi } from "vitest";
import { EventPage, RunDetail, RunSummary } from "../../lib/api/answers.ts";
import { type DevServer, Folder } from "./dev-process.ts";

const TIMEOUT_MS = 30_000;

/** Two steps with a signal between them; `word` is what the steps say. */
function greeter(word: string): string {
  return `
    import { workflow } from "perdure";
    import { shout } from "./shout.ts";
    export const greet = workflow("greet", async (ctx) => {
      const first = await ctx.step("first", () => shout("${word}"));
      await ctx.waitForSignal("go");
      return [first, await ctx.step("second", () => shout("${word}"))];
    });`;
}
const SHOUT = 'export const shout = (word: string): string => word + "!";';

function newFolder(): Folder {
  const folder = new Folder();
  folder.write("shout.ts", SHOUT);
  folder.write("workflow.ts", greeter("hello"));
  return folder;
}

async function read<Schema extends v.GenericSchema>(
  schema: Schema,
  response: Response,
): Promise<v.InferOutput<Schema>> {
  return v.parse(schema, await response.json());
}

async function startRun(server: DevServer, body: object = {}): Promise<string> {
  const response = await server.post("/workflows/greet/runs", body);
  expect(response.status).toBe(201);
  return (await read(RunSummary, response)).runId;
}

/** Reads events until the run has an entry of that type. */
async function waitForEntry(server: DevServer, runId: string, type: string): Promise<void> {
  for (let after = 0; ; ) {
    const page = await read(EventPage, await server.get(`/runs/${runId}/events?after=${after}&wait=20s`));
    if (page.entries.some((entry) => entry.type === type)) return;
    expect(page.entries, `no ${type} came`).not.toEqual([]);
    after = page.after;
  }
}

async function waitForEnd(server: DevServer, runId: string): Promise<v.InferOutput<typeof RunDetail>> {
  return await read(RunDetail, await server.get(`/runs/${runId}?wait=20s`));
}

describe("perdure dev", { timeout: TIMEOUT_MS }, () => {
  test("serves the workflows of the files it is given", async () => {
    const server = await newFolder().start("workflow.ts");
    expect(server.output).toContain("greet");
    const runId = await startRun(server);
    await waitForEntry(server, runId, "step.succeeded");
    await server.post(`/runs/${runId}/signals/go`, {});
    expect(await waitForEnd(server, runId)).toMatchObject({
      status: "succeeded",
      result: ["hello!", "hello!"],
    });
  });

  test("goes on where it was when it was killed", async () => {
    const folder = newFolder();
    const killed = await folder.start("workflow.ts");
    const runId = await startRun(killed);
    await waitForEntry(killed, runId, "step.succeeded");
    await killed.end("SIGKILL");

    folder.write("workflow.ts", greeter("hej"));
    const server = await folder.start("workflow.ts");
    await server.post(`/runs/${runId}/signals/go`, {});
    // What was recorded before is not run again.
    expect(await waitForEnd(server, runId)).toMatchObject({ result: ["hello!", "hej!"] });
  });

  test("goes on with a step that was cut in its middle", async () => {
    const folder = newFolder();
    folder.write(
      "workflow.ts",
      `import { existsSync, writeFileSync } from "node:fs";
       import { workflow } from "perdure";
       export const greet = workflow("greet", (ctx) => ctx.step("slow", async () => {
         if (existsSync("second-try")) return "done";
         writeFileSync("second-try", "");
         await new Promise(() => setInterval(() => {}, 1000));
       }));`,
    );
    const killed = await folder.start("workflow.ts");
    const runId = await startRun(killed);
    await vi.waitUntil(() => folder.has("second-try"));
    await killed.end("SIGKILL");
    const server = await folder.start("workflow.ts");
    expect(await waitForEnd(server, runId)).toMatchObject({ status: "succeeded", result: "done" });
  });

  test("stops cleanly when it is asked to", async () => {
    const server = await newFolder().start("workflow.ts");
    const runId = await startRun(server);
    await waitForEntry(server, runId, "step.succeeded");
    const waiting = server.get(`/runs/${runId}?wait=20s`).catch(() => "cut");
    expect(await server.end("SIGTERM")).toBe(0);
    expect(await waiting).toBe("cut");
    expect(server.output).not.toMatch(/\berror\b/);
  });

  test("survives a promise of a workflow that fails unobserved", async () => {
    const folder = newFolder();
    folder.write(
      "workflow.ts",
      `import { workflow } from "perdure";
       export const greet = workflow("greet", async (ctx) => {
         void Promise.reject(new Error("lost branch"));
         return await ctx.step("work", () => "done");
       });`,
    );
    const server = await folder.start("workflow.ts");
    expect(await waitForEnd(server, await startRun(server))).toMatchObject({ result: "done" });
    expect(server.output).toContain("lost branch");
  });
});

describe("changed code", { timeout: TIMEOUT_MS }, () => {
  test("is used by runs in flight, whichever of the files has changed", async () => {
    const folder = newFolder();
    const server = await folder.start("workflow.ts");
    const runId = await startRun(server);
    await waitForEntry(server, runId, "step.succeeded");
    folder.write("shout.ts", SHOUT.replace("!", "?!"));
    await waitForOutput(server, "workflows reloaded");
    await server.post(`/runs/${runId}/signals/go`, {});
    expect(await waitForEnd(server, runId)).toMatchObject({ result: ["hello!", "hello?!"] });
  });

  test("that cannot be loaded is told, and the code before stays in use", async () => {
    const folder = newFolder();
    const server = await folder.start("workflow.ts");
    folder.write("shout.ts", "export const shout = (word: string): string => = word;");
    await waitForOutput(server, "could not be reloaded");
    expect(server.output).toContain("shout.ts");
    const runId = await startRun(server);
    await server.post(`/runs/${runId}/signals/go`, {});
    expect(await waitForEnd(server, runId)).toMatchObject({ result: ["hello!", "hello!"] });

    folder.write("shout.ts", SHOUT.replace("!", "."));
    await waitForOutput(server, "workflows reloaded");
  });

  test("that takes every workflow away is refused", async () => {
    const folder = newFolder();
    const server = await folder.start("workflow.ts");
    folder.write("workflow.ts", "");
    await waitForOutput(server, "could not be reloaded");
    await startRun(server);
  });
});

describe("a second server", { timeout: TIMEOUT_MS }, () => {
  test("does not start on the data file of the first", async () => {
    const folder = newFolder();
    const first = await folder.start("workflow.ts");
    const second = await folder.start("workflow.ts");
    expect(await second.end("SIGKILL")).toBe(1);
    expect(second.output).toContain("in use by another Perdure server");
    await startRun(first);
  });

  test("does not start on the port of the first", async () => {
    const folder = newFolder();
    const port = new URL((await folder.start("workflow.ts")).url).port;
    const second = await folder.start("workflow.ts", "--port", port, "--data", "other.db");
    expect(await second.end("SIGKILL")).toBe(1);
    expect(second.output).toContain(`Port ${port} is taken`);
  });

  test("starts on the data file of one that was killed", async () => {
    const folder = newFolder();
    await (await folder.start("workflow.ts")).end("SIGKILL");
    await startRun(await folder.start("workflow.ts"));
  });

  test("does not start with two workflows of one name", async () => {
    const folder = newFolder();
    folder.write("other.ts", greeter("other"));
    const server = await folder.start("workflow.ts", "other.ts");
    expect(await server.end("SIGKILL")).toBe(1);
    expect(server.output).toContain("E_DUPLICATE_WORKFLOW");
  });
});

describe("to other sites", { timeout: TIMEOUT_MS }, () => {
  test("the server does not answer under another name", async () => {
    const server = await newFolder().start("workflow.ts");
    expect(await statusUnder(server, "evil.example")).toBe(421);
    expect(await statusUnder(server, "127.0.0.1.evil.example")).toBe(421);
    expect(await statusUnder(server, `localhost:${new URL(server.url).port}`)).toBe(200);
    expect(await statusUnder(server, "[::1]:4700")).toBe(200);
  });

  test("a form cannot start a run", async () => {
    const server = await newFolder().start("workflow.ts");
    const body = new URLSearchParams({ input: "1" });
    const response = await fetch(`${server.url}/workflows/greet/runs`, { method: "POST", body });
    expect(response.status).toBe(415);
    expect(await (await server.get("/runs")).json()).toEqual({ runs: [] });
  });

  test("the start page runs no script but its own", async () => {
    const response = await (await newFolder().start("workflow.ts")).get("/");
    expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
    const policy = response.headers.get("content-security-policy");
    expect(policy).toMatch(/default-src 'none'; script-src 'sha256-[\w+/=]+'; style-src 'sha256-[\w+/=]+';/);
    expect(policy).not.toContain("unsafe");
    expect(await response.text()).not.toContain("innerHTML");
  });
});

async function waitForOutput(server: DevServer, text: string): Promise<void> {
  await vi.waitUntil(() => server.output.includes(text), { timeout: 10_000 });
}

/** `fetch` does not let one choose the Host header. */
async function statusUnder(server: DevServer, host: string): Promise<number | undefined> {
  return await new Promise((resolve, reject) => {
    const sent = request(`${server.url}/health`, { headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    sent.on("error", reject).end();
  });
}
