// The workflows of the local server: loaded from files, and loaded again when one of them, or anything they import,
// changes. A load that fails changes nothing: the code before stays in use, and the log says why. Runs in flight go on
// with the new code at their next activation, as they do after a deployment.
import { createRegistry, ownWorkflows, type Registry, workflowsOf } from "../engine/index.ts";
import type { Log } from "../ports/log.ts";
import { FileWatcher } from "./file-watcher.ts";
import { findFiles } from "./find-files.ts";
import { ModuleGenerations } from "./module-generations.ts";
import { StartError } from "./start-error.ts";

export interface WorkflowFilesOptions {
  /** Files or patterns. */
  readonly patterns: readonly string[];
  /** Folder that relative patterns start from. */
  readonly folder: string;
  readonly log: Log;
}

export class WorkflowFiles {
  readonly #options: WorkflowFilesOptions;
  readonly #watcher: FileWatcher;
  readonly #modules: ModuleGenerations;
  #registry: Registry = new Map();
  #loading: Promise<void> = Promise.resolve();

  private constructor(options: WorkflowFilesOptions) {
    this.#options = options;
    this.#watcher = new FileWatcher(() => {
      this.#loading = this.#loading.then(() => this.#reload());
    });
    // From before a file is read, so that no change goes unseen.
    this.#modules = new ModuleGenerations((file) => this.#watcher.add(file));
  }

  /** @throws StartError when no file fits, one cannot be loaded or none has a workflow; E_DUPLICATE_WORKFLOW */
  static async open(options: WorkflowFilesOptions): Promise<WorkflowFiles> {
    const files = new WorkflowFiles(options);
    try {
      files.#registry = await files.#load();
    } catch (error) {
      files.close();
      throw error;
    }
    return files;
  }

  /** As of the last load that succeeded; ask each time. */
  get registry(): Registry {
    return this.#registry;
  }

  close(): void {
    this.#watcher.close();
    this.#modules.stop();
  }

  async #load(): Promise<Registry> {
    const files = findFiles(this.#options.patterns, this.#options.folder);
    const registry = createRegistry(workflowsOf(...(await this.#modules.load(files))));
    // Also what a half-written file looks like: taken for real, every run in flight would lose its workflow.
    if (ownWorkflows(registry).length === 0)
      throw new StartError(`No workflow is exported by ${files.join(", ")}.`);
    return registry;
  }

  async #reload(): Promise<void> {
    const { log } = this.#options;
    try {
      this.#registry = await this.#load();
      log.info("workflows reloaded", {
        workflows: ownWorkflows(this.#registry)
          .map(({ name }) => name)
          .join(", "),
      });
    } catch (error) {
      log.error("workflows could not be reloaded, the code before stays in use", {
        reason: error instanceof Error ? error.message : String(error),
      });
    }
  }
}
