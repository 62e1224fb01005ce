// A mutant is one planted bug: a guard or a condition of the product taken away, described as data. Nothing of it lies
// in the product, and the product has no switch for it: the text of a file is changed while it is loaded (door.ts for
// plain processes, plugin.ts for vitest), and only when the environment names the mutant.

/** One change of one file. */
export interface Edit {
  /** From the root of the repository. */
  readonly file: string;
  /** Occurs exactly once in the file, so that the catalogue breaks loudly when the code moves. */
  readonly find: string;
  readonly replace: string;
}

export interface Mutant extends Edit {
  /** What the code then does wrong, in a few words. */
  readonly name: string;
  /** Numbers of the invariants that break (docs/design/protocol.md), or `code` for a promise outside of them. */
  readonly invariant: string;
  /** What goes wrong, as somebody would meet it. */
  readonly why: string;
  /** Further edits, when a second guard stands behind the first. */
  readonly also?: readonly Edit[];
  /** Test files most likely to notice: they are run first. A hint, not a claim: the runner reports what really did. */
  readonly noticedIn?: readonly string[];
}

export type Area = readonly Mutant[];

export function editsOf(mutant: Mutant): readonly Edit[] {
  return [mutant, ...(mutant.also ?? [])];
}

/** The text of `file` as the mutant has it. @throws when an edit does not fit exactly once */
export function mutate(mutant: Mutant, file: string, text: string): string {
  return editsOf(mutant)
    .filter((edit) => edit.file === file)
    .reduce((mutated, { find, replace }) => {
      const count = mutated.split(find).length - 1;
      if (count !== 1)
        throw new Error(`mutant "${mutant.name}": its text occurs ${count} times in ${file}, not once`);
      return mutated.replace(find, () => replace);
    }, text);
}
