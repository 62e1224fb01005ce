// Tells when one of some files has changed. Watches their folders, because many editors replace a file instead of
// writing to it, and a watch on the file would go with the old one.
import { type FSWatcher, watch } from "node:fs";
import { basename, dirname } from "node:path";

/** Saving is several events, and a checkout touches many files. */
const DEBOUNCE_MS = 80;

export class FileWatcher {
  readonly #onChange: () => void;
  /** Names of watched files, by folder. */
  readonly #names = new Map<string, Set<string>>();
  readonly #watchers: FSWatcher[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** `onChange` is called once for changes that come close together. */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /** The file may not exist yet; its folder must, or nothing is watched. */
  add(file: string): void {
    const folder = dirname(file);
    const names = this.#names.get(folder) ?? this.#watch(folder);
    names?.add(basename(file));
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const watcher of this.#watchers) watcher.close();
  }

  #watch(folder: string): Set<string> | undefined {
    const names = new Set<string>();
    try {
      const watcher = watch(folder, (_event, name) => {
        // Some systems do not say which file it was.
        if (name === null || names.has(name)) this.#changed();
      });
      // The folder is gone: nothing left to watch.
      watcher.on("error", () => this.#names.delete(folder));
      this.#watchers.push(watcher);
    } catch {
      return undefined;
    }
    this.#names.set(folder, names);
    return names;
  }

  #changed(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#onChange, DEBOUNCE_MS);
  }
}
