// Where an emulator serves an HTTP API: by its path. The hosts that it hands out are known to nobody else's resolver.

/** Without a slash at its end. */
export function apiAddress(endpoint: string, apiId: string): string {
  return `${endpoint}/_aws/execute-api/${apiId}/$default`;
}
