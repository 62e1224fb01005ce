// The key of a blob: its run, then the hash of its content. The run is part of it, so that what one run no longer
// needs can go although another run happens to hold the same bytes.
import { createHash } from "node:crypto";

export function blobKey(runId: string, bytes: Uint8Array): string {
  return `${runId}/${hashOf(bytes)}`;
}

export function isBlobOf(key: string, bytes: Uint8Array): boolean {
  return key.endsWith(`/${hashOf(bytes)}`);
}

function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
