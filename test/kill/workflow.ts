// What the killed server runs: every kind of wait, and side effects that leave a line in a file of their own.
import { randomUUID } from "node:crypto";
import { appendFileSync } from "node:fs";
import { type StepContext, workflow } from "perdure";

/** A side effect: says in the file that it happens, and gives what identifies this very execution. */
function effect(step: StepContext): string {
  const execution = randomUUID();
  appendFileSync(process.env.EFFECTS_FILE ?? "", `${step.idempotencyKey} ${execution}\n`);
  return execution;
}

export const journey = workflow("journey", async (ctx) => {
  const executions: string[] = [];
  for (let i = 0; i < 4; i += 1) executions.push(await ctx.step(`walk ${i}`, effect));
  executions.push(...(await Promise.all([0, 1, 2, 3].map((i) => ctx.step(`carry ${i}`, effect)))));
  await ctx.sleep("rest", "30ms");
  executions.push(
    await ctx.step(
      "climb",
      (step) => {
        if (step.attempt === 1) throw new Error("too steep");
        return effect(step);
      },
      { retry: { initial: "20ms" } },
    ),
  );
  await ctx.waitForSignal("go on", { timeout: "1 day" });
  executions.push(await ctx.step("ferry", effect, { on: "boat" }));
  return executions;
});
