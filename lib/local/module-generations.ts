// Evaluating the user's modules anew. Node keeps a module for ever under its URL, so each load gives its files a URL of
// their own: `workflow.ts?generation=3`. A module imports its own generation, also lazily, so old code stays whole while
// it still runs. What a generation leaves behind stays in memory until the process ends: a matter of development only.
//
// Left alone are packages (node_modules), Perdure itself, and CommonJS, which Node keeps by file name.
import { type ResolveHookContext, registerHooks } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { StartError } from "./start-error.ts";

const PERDURE = new URL("..", import.meta.url).href;
const PARAMETER = "generation";

export class ModuleGenerations {
  #generation = 0;
  readonly #hooks: { deregister(): void };

  /** `onFile` is told of every file that an import leads to, before it is read, and also when it is missing. */
  constructor(onFile: (path: string) => void) {
    this.#hooks = registerHooks({
      resolve: (specifier, context, nextResolve) => {
        try {
          const resolved = nextResolve(specifier, context);
          if (!isOfUser(resolved.url, context)) return resolved;
          onFile(fileURLToPath(resolved.url));
          return { ...resolved, url: this.#inGeneration(resolved.url, context.parentURL) };
        } catch (error) {
          const missing = missingFile(specifier, context);
          if (missing !== undefined) onFile(missing);
          throw error;
        }
      },
    });
  }

  /** Imports the files and all that they import, evaluated anew. @throws StartError when one cannot be loaded */
  async load(files: readonly string[]): Promise<object[]> {
    this.#generation += 1;
    const modules: object[] = [];
    // One after the other, so that of two faults it is always the same one that is told.
    for (const file of files) {
      try {
        modules.push((await import(pathToFileURL(file).href)) as object);
      } catch (error) {
        throw new StartError(`${file} cannot be loaded. ${explain(error)}`, { cause: error });
      }
    }
    return modules;
  }

  stop(): void {
    this.#hooks.deregister();
  }

  #inGeneration(url: string, parentUrl: string | undefined): string {
    const own = parentUrl === undefined ? null : new URL(parentUrl).searchParams.get(PARAMETER);
    const marked = new URL(url);
    marked.searchParams.set(PARAMETER, own ?? String(this.#generation));
    return marked.href;
  }
}

function isOfUser(url: string, context: ResolveHookContext): boolean {
  return (
    url.startsWith("file:") &&
    !url.startsWith(PERDURE) &&
    !url.includes("/node_modules/") &&
    context.conditions.includes("import")
  );
}

function missingFile(specifier: string, { parentURL }: ResolveHookContext): string | undefined {
  if (!/^\.{1,2}\//.test(specifier) || parentURL === undefined || !parentURL.startsWith("file:"))
    return undefined;
  return fileURLToPath(new URL(specifier, parentURL));
}

/** What and where. A syntax error says where it is only in its stack, whose first place may be ours. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const places = (error.stack ?? "").match(/file:\/\/[^\s?)]+(?:\?[^\s:)]*)?(?::\d+)*/g) ?? [];
  const place = places.find((url) => !url.startsWith(PERDURE))?.replace(/\?[^:]*/, "");
  return `${error.name}: ${error.message}${place === undefined ? "" : ` (${place})`}`;
}
