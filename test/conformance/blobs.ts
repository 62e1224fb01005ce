// The contract of the Blobs port (lib/ports/blobs.ts) as tests.
import { expect } from "vitest";
import { MAX_VALUE_BYTES } from "../../lib/limits.ts";
import type { Blobs } from "../../lib/ports/blobs.ts";
import { aRunId } from "./samples.ts";
import { describeSuite, type MakeSubject, type Subject, type SuiteOptions } from "./suite.ts";

export interface BlobsSubject extends Subject {
  readonly blobs: Blobs;
}

export function describeBlobs(
  name: string,
  makeSubject: MakeSubject<BlobsSubject>,
  options: SuiteOptions = {},
): void {
  describeSuite(name, makeSubject, options, (behaviour) => {
    behaviour("bytes read back as they were put: none, all values, four megabytes", async ({ blobs }) => {
      const runId = aRunId();
      const samples = [new Uint8Array(0), bytesUpTo(256), bytesUpTo(MAX_VALUE_BYTES)];
      for (const bytes of samples) {
        const read = await blobs.get(await blobs.put(runId, bytes));
        expect(read).toBeInstanceOf(Uint8Array);
        expect(Buffer.compare(read, bytes)).toBe(0);
      }
    });

    behaviour("a part of a larger buffer is stored as that part", async ({ blobs }) => {
      const part = bytesUpTo(256).subarray(10, 20);
      const read = await blobs.get(await blobs.put(aRunId(), part));
      expect([...read]).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
    });

    behaviour("putting the same bytes again gives the same key, at once too", async ({ blobs }) => {
      const runId = aRunId();
      const keys = await Promise.all(Array.from({ length: 4 }, () => blobs.put(runId, bytesUpTo(100))));
      keys.push(await blobs.put(runId, bytesUpTo(100)));
      expect(new Set(keys).size).toBe(1);
      expect([...(await blobs.get(keys[0] ?? ""))]).toEqual([...bytesUpTo(100)]);
    });

    behaviour("other bytes get another key", async ({ blobs }) => {
      const runId = aRunId();
      expect(await blobs.put(runId, bytesUpTo(100))).not.toBe(await blobs.put(runId, bytesUpTo(101)));
    });

    behaviour("two runs may hold the same bytes", async ({ blobs }) => {
      const keys = [await blobs.put(aRunId(), bytesUpTo(9)), await blobs.put(aRunId(), bytesUpTo(9))];
      for (const key of keys) expect([...(await blobs.get(key))]).toEqual([...bytesUpTo(9)]);
    });

    behaviour("changing bytes after put, or after get, does not change the blob", async ({ blobs }) => {
      const bytes = bytesUpTo(3);
      const key = await blobs.put(aRunId(), bytes);
      bytes[0] = 99;
      (await blobs.get(key))[1] = 99;
      expect([...(await blobs.get(key))]).toEqual([0, 1, 2]);
    });

    behaviour("get throws when nothing is stored under the key", async ({ blobs }) => {
      await expect(blobs.get(`${aRunId()}/nothing`)).rejects.toThrow();
    });
  });
}

/** 0, 1, 2 … 255, 0, 1 … */
function bytesUpTo(count: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, i) => i % 256);
}
