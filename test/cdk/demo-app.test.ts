// The demo's app as `cdk synth` runs it: a process of its own, which bundles.
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const REPOSITORY = path.resolve(import.meta.dirname, "../..");
const SYNTH_TIMEOUT_MS = 300_000;
/**
 * The minimal handler of AWS's own durable SDK has 611 KB, minified; ours, 718 KB, holds the demo's workflows, too, 13 KB of it,
 * what reads cron in any time zone, 33 KB of croner and 13 KB of schedules, and 41 KB of names: an error is recorded by its class.
 */
const MAX_BUNDLE_BYTES = 735_000;

describe("the demo's app", () => {
  const assembly = mkdtempSync(path.join(tmpdir(), "perdure-synth-"));
  let template: Template;

  beforeAll(async () => {
    await synthesize(assembly, {});
    template = JSON.parse(readFileSync(path.join(assembly, "PerdureDemo.template.json"), "utf8"));
  }, SYNTH_TIMEOUT_MS);
  afterAll(() => rmSync(assembly, { recursive: true }));

  it("needs no account: nothing was looked up, nothing is missing", () => {
    const manifest = JSON.parse(readFileSync(path.join(assembly, "manifest.json"), "utf8"));
    expect(manifest.missing ?? []).toEqual([]);
    expect(manifest.artifacts.PerdureDemo.environment).toBe("aws://unknown-account/unknown-region");
  });

  it("has an activation bundle about as large as the minimal handler of AWS's durable SDK", () => {
    const bytes = bundleBytes("activates runs");
    console.info(`activation bundle: ${Math.round(bytes / 1_000)} KB of ${MAX_BUNDLE_BYTES / 1_000} KB`);
    expect(bytes).toBeLessThan(MAX_BUNDLE_BYTES);
    expect(bytes).toBeGreaterThan(100_000);
  });

  it("says where everything is", () => {
    expect(Object.keys(template.Outputs)).toEqual(
      expect.arrayContaining([
        "ApiUrl",
        "ActivationQueueUrl",
        "BucketName",
        "ScheduleGroupName",
        "TableName",
      ]),
    );
  });

  it("refuses a time that is none", async () => {
    const failure = synthesize(assembly, { longTimerSeconds: "soon" });
    await expect(failure).rejects.toThrow(
      'Context longTimerSeconds is "soon"; it must be a number of seconds.',
    );
  });

  function bundleBytes(description: string): number {
    const found = Object.values(template.Resources).find(({ Properties }) =>
      Properties?.Description?.includes(description),
    );
    const hash = found?.Properties?.Code?.S3Key?.replace(".zip", "") ?? "";
    const folder = path.join(assembly, `asset.${hash}`);
    return readdirSync(folder).reduce((sum, file) => sum + statSync(path.join(folder, file)).size, 0);
  }
});

interface Template {
  readonly Outputs: Readonly<Record<string, unknown>>;
  readonly Resources: Readonly<
    Record<string, { Properties?: { Description?: string; Code?: { S3Key?: string } } }>
  >;
}

/** Without credentials, so that a look at an account would fail. */
async function synthesize(assembly: string, context: Readonly<Record<string, string>>): Promise<void> {
  const environment = Object.entries(process.env).filter(([name]) => !name.startsWith("AWS_"));
  await promisify(execFile)(process.execPath, ["--conditions=perdure-source", "bin/app.ts"], {
    cwd: REPOSITORY,
    env: {
      ...Object.fromEntries(environment),
      CDK_OUTDIR: assembly,
      CDK_CONTEXT_JSON: JSON.stringify(context),
    },
    timeout: SYNTH_TIMEOUT_MS,
  });
}
