// Workflows that the cloud suite deploys beside the examples': each shows one thing that can only be seen in a cloud.
import { setTimeout } from "node:timers/promises";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { TerminalError, workflow } from "perdure";
import * as v from "valibot";
import { countEffect, tell } from "./effects.ts";

export * from "../../examples/workflows.ts";
export * from "../chaos/workflows.ts";

const dynamo = new DynamoDBClient({});

async function effect(name: string): Promise<number> {
  return await countEffect(dynamo, process.env["EFFECTS_TABLE"] ?? "", name);
}

async function say(what: string, text: string): Promise<void> {
  await tell(dynamo, process.env["EFFECTS_TABLE"] ?? "", what, text);
}

/** One effect and a sleep of any length; says when it slept and woke by the clock of the function. */
export const nap = workflow("nap", { input: v.object({ sleepMs: v.number() }) }, async (ctx, { sleepMs }) => {
  const sleptAt = await ctx.step("before", async () => {
    await effect(`${ctx.runId} before`);
    return Date.now();
  });
  await ctx.sleep("nap", sleepMs);
  const wokeAt = await ctx.step("after", async () => {
    await effect(`${ctx.runId} after`);
    return Date.now();
  });
  return { sleptAt, wokeAt };
});

/** One effect, then a signal. */
export const listen = workflow("listen", async (ctx) => {
  await ctx.step("before", async () => await effect(`${ctx.runId} before`));
  return await ctx.waitForSignal("said");
});

/** Asks a person, then a service: the link and the token are told to whoever reads the suite's table. */
export const ask = workflow("ask", async (ctx) => {
  const { approved, by } = await ctx.waitForApproval("approval", {
    to: async ({ approveUrl }) => await say(`${ctx.runId} link`, approveUrl),
  });
  const answer = await ctx.waitForCallback("answer", async (token) => await say(`${ctx.runId} token`, token));
  return { approved, by, answer };
});

/** A step in a Lambda of its own that takes its time. */
export const parcel = workflow(
  "parcel",
  { input: v.object({ workMs: v.number() }) },
  async (ctx, { workMs }) => {
    return await ctx.step(
      "book",
      async () => {
        const booked = await effect(`${ctx.runId} book`);
        await setTimeout(workMs);
        return booked;
      },
      { on: "shipping" },
    );
  },
);

/** More steps than one activation has time for. */
export const march = workflow(
  "march",
  { input: v.object({ steps: v.number(), stepMs: v.number() }) },
  async (ctx, { steps, stepMs }) => {
    let sum = 0;
    for (let step = 1; step <= steps; step += 1) {
      sum += await ctx.step(`step ${step}`, async () => {
        await setTimeout(stepMs);
        return await effect(`${ctx.runId} step ${step}`);
      });
    }
    return sum;
  },
);

/** Ends its process wherever it runs. */
export const poison = workflow("poison", async (ctx) => {
  await ctx.step("before", async () => await effect(`${ctx.runId} before`));
  process.exit(1);
});

/** Ends its process the first time. */
export const stumble = workflow("stumble", async (ctx) => {
  await ctx.step("before", async () => await effect(`${ctx.runId} before`));
  return await ctx.step("stumble", async () => {
    const times = await effect(`${ctx.runId} stumble`);
    if (times === 1) process.exit(1);
    return times;
  });
});

/** Tells the world, and ends its process the first time: before anybody has noted that the world knows. */
export const announce = workflow(
  "announce",
  { input: v.object({ words: v.string() }) },
  async (ctx, { words }) => {
    await ctx.emit({ type: "announced", detail: { words } });
    return await ctx.step("stumble", async () => {
      const times = await effect(`${ctx.runId} stumble`);
      if (times === 1) process.exit(1);
      return times;
    });
  },
);

/** A value too large for the table, twice: recorded by a step, and returned. */
export const haul = workflow("haul", { input: v.object({ bytes: v.number() }) }, async (ctx, { bytes }) => {
  const load = await ctx.step("load", () => noise(bytes));
  await ctx.sleep("rest", 3_000);
  return await ctx.step("unload", () => load);
});

/** A branch that fails while the code sleeps: to Node, a rejection that nobody handles. */
export const shrug = workflow("shrug", async (ctx) => {
  const branch = async () => {
    await ctx.step("doomed", () => {
      throw new TerminalError("nobody listens");
    });
    return "went well";
  };
  const doomed = branch();
  await ctx.sleep("look away", 3_000);
  return await doomed.catch((error: Error) => `shrugged at ${error.name}`);
});

/** Text that does not compress, the same for the same length. */
function noise(chars: number): string {
  let state = 1;
  let text = "";
  while (text.length < chars) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    text += state.toString(36);
  }
  return text.slice(0, chars);
}
