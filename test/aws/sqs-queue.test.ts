// SQS as fauxqs plays it, in this process. It reads the time from Date.now, so a test that waits moves Date.now instead;
// only long-polls, which run on real timers, take real time.
import { setTimeout as pause } from "node:timers/promises";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import { type FauxqsServer, startFauxqs } from "fauxqs";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { createBlobRemoval } from "../../lib/aws/blob-removal.ts";
import { createBlobClient, createQueueClient } from "../../lib/aws/clients.ts";
import { createS3Blobs } from "../../lib/aws/s3-blobs.ts";
import { createSqsQueue } from "../../lib/aws/sqs-queue.ts";
import { describeS3Blobs, describeSqsDeadLetters, describeSqsQueue, emulatorAccess } from "./suites.ts";

/** A request that is under way gets to the server. */
const SETTLE_MS = 30;

describe("fauxqs", () => {
  let server: FauxqsServer;
  const systemNow = Date.now;
  let skippedMs = 0;

  beforeAll(async () => {
    server = await startFauxqs({ port: 0, logger: false });
    vi.spyOn(Date, "now").mockImplementation(() => systemNow() + skippedMs);
  });
  afterEach(() => {
    skippedMs = 0;
  });
  afterAll(async () => {
    vi.restoreAllMocks();
    await server.stop();
  });

  const at = () => ({
    endpoint: server.address,
    wait: async (ms: number) => {
      await pause(SETTLE_MS);
      skippedMs += ms;
      await pause(SETTLE_MS);
    },
  });
  describeSqsQueue("fauxqs", at, {
    skips: {
      "a body keeps any Unicode and a hundred kilobytes":
        "fauxqs 2.4.1 refuses characters above U+FFFF, which SQS takes",
      "of two receivers that wait one gets the message, and the other goes on waiting":
        "fauxqs 2.4.1 ends every long-poll of a queue when one message comes",
    },
  });
  describeSqsDeadLetters("fauxqs", at);
  describeS3Blobs("fauxqs", at);

  const access = () => ({ ...emulatorAccess, endpoint: server.address });

  test("times that SQS cannot count are rounded up: nothing is early (T1), nothing visible too soon (W2)", async () => {
    const queue = createSqsQueue({
      client: createQueueClient(access()),
      url: server.createQueue("rounding").queueUrl,
    });
    const receive = async () => await queue.receive({ max: 1, visibilityMs: 1_100, waitMs: 0 });
    await queue.send("later", 1_100);
    await at().wait(1_500);
    expect(await receive()).toEqual([]);
    await at().wait(600);
    const [delivery] = await receive();
    expect(delivery?.body).toBe("later");
    await at().wait(1_500);
    expect(await receive()).toEqual([]);
    await queue.extend(delivery?.receipt ?? "", 2_100);
    await at().wait(2_500);
    expect(await receive()).toEqual([]);
    await at().wait(600);
    expect(await receive()).toHaveLength(1);
  });

  test("a blob that is not what its key says is not read", async () => {
    const client = createBlobClient(access());
    const { bucketName: bucket } = server.createBucket("changed");
    const blobs = createS3Blobs({ client, bucket });
    const key = await blobs.put("run_1", new Uint8Array([1, 2, 3]));
    expect(key).toMatch(/^blobs\/run_1\/[0-9a-f]{64}$/);
    await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: new Uint8Array([1, 2]) }));
    await expect(blobs.get(key)).rejects.toMatchObject({ code: "E_CORRUPT" });
  });

  test("the blobs of a purged run are deleted, however many, and nobody else's", async () => {
    const client = createBlobClient(access());
    const { bucketName: bucket } = server.createBucket("purged");
    const blobs = createS3Blobs({ client, bucket });
    const own = await Promise.all(
      Array.from({ length: 12 }, (_, n) => blobs.put("run_1", new Uint8Array([n]))),
    );
    const other = await blobs.put("run_10", new Uint8Array([1]));
    const remove = createBlobRemoval({ client, bucket });
    await remove("run_1");
    await remove("run_1");
    for (const key of own) await expect(blobs.get(key)).rejects.toMatchObject({ code: "E_CORRUPT" });
    expect(await blobs.get(other)).toEqual(new Uint8Array([1]));
  });
});
