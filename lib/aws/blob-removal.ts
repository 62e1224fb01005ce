// Deletes the blobs of a run that is being purged. All of them lie under the run's own prefix (s3-blobs.ts).
import { DeleteObjectsCommand, ListObjectsV2Command } from "@aws-sdk/client-s3";
import type { S3BlobsOptions } from "./s3-blobs.ts";

export type BlobRemoval = (runId: string) => Promise<void>;

/** Repeatable: what is gone already is not missed. @throws when S3 refuses to delete an object */
export function createBlobRemoval({ client, bucket: Bucket }: S3BlobsOptions): BlobRemoval {
  return async (runId) => {
    // A page at a time; each is deleted before the next is asked for, so the listing starts anew and needs no cursor.
    for (;;) {
      const { Contents: objects = [] } = await client.send(
        new ListObjectsV2Command({ Bucket, Prefix: `blobs/${runId}/` }),
      );
      if (objects.length === 0) return;
      const Objects = objects.map(({ Key }) => ({ Key }));
      const { Errors: errors = [] } = await client.send(
        new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }),
      );
      const [first] = errors;
      if (first !== undefined)
        throw new Error(`S3 did not delete ${first.Key} from ${Bucket}: ${first.Message}`);
    }
  };
}
