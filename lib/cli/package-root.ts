// Where this package lies, whether it runs from its source or from dist.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** @throws when the package is not whole */
export function packageRoot(): string {
  for (let folder = import.meta.dirname; dirname(folder) !== folder; folder = dirname(folder)) {
    if (existsSync(join(folder, "package.json"))) return folder;
  }
  throw new Error("The package of perdure has no package.json.");
}

export function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8")) as {
    readonly version: string;
  };
  return version;
}
