// Blobs on S3, under blobs/<runId>/<sha256>: content decides the name, so repeating a put changes nothing, and a run's
// blobs lie together, so that they can be deleted with it. What is read is checked against its name.
import { createHash } from "node:crypto";
import { GetObjectCommand, NoSuchKey, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { UnreadableError } from "../engine/unreadable.ts";
import type { Blobs } from "../ports/blobs.ts";

export interface S3BlobsOptions {
  readonly client: S3Client;
  readonly bucket: string;
}

export function createS3Blobs({ client, bucket: Bucket }: S3BlobsOptions): Blobs {
  return {
    async put(runId, bytes) {
      const key = `blobs/${runId}/${sha256(bytes)}`;
      await client.send(
        new PutObjectCommand({ Bucket, Key: key, Body: bytes, ContentType: "application/gzip" }),
      );
      return key;
    },

    async get(key) {
      const bytes = await read(client, Bucket, key);
      if (key.endsWith(`/${sha256(bytes)}`)) return bytes;
      const what = `The object ${key} in bucket ${Bucket} is not what was stored under that name.`;
      throw new UnreadableError("E_CORRUPT", what);
    },
  };
}

async function read(client: S3Client, Bucket: string, key: string): Promise<Uint8Array> {
  try {
    const { Body: body } = await client.send(new GetObjectCommand({ Bucket, Key: key }));
    return (await body?.transformToByteArray()) ?? new Uint8Array();
  } catch (error) {
    if (!(error instanceof NoSuchKey)) throw error;
    const what = `The object ${key} is gone from bucket ${Bucket}: did a lifecycle rule delete it?`;
    throw new UnreadableError("E_CORRUPT", what, { cause: error });
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
