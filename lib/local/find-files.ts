// Which files hold workflows: those named, and those that patterns find.
import { globSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { StartError } from "./start-error.ts";

/** Absolute paths in order, each once. A path that is a file is taken as it is, whatever characters it has. */
export function findFiles(patterns: readonly string[], folder: string): readonly string[] {
  const found = patterns.flatMap((pattern) => {
    if (isFile(resolve(folder, pattern))) return [pattern];
    return globSync(pattern, { cwd: folder, exclude: (name) => name === "node_modules" });
  });
  const files = [...new Set(found.map((path) => resolve(folder, path)))].filter(isFile).toSorted();
  if (files.length > 0) return files;
  throw new StartError(
    `No file fits ${patterns.join(", ")} in ${folder}. Name the files with your workflows: perdure dev src/workflows/*.ts`,
  );
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}
