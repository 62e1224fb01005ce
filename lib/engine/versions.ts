// Which branch of a change a run is on (`ctx.version`). Decided when its code asks for the first time, and for ever: the
// newest branch when the code is at the end of its journal, the oldest when it is replaying something that an earlier code
// has done without asking. The choice of the newest is recorded before anything that depends on it (J3).
import type { RunVersionMarked } from "../ports/journal.ts";
import { PerdureError } from "../sdk/errors.ts";

export interface VersionRange {
  readonly from: number;
  readonly to: number;
}

/** What the code has asked for, and what it was told. */
export interface AskedVersion extends VersionRange {
  readonly version: number;
  /** By a mark, or by what the run has done without asking; else it is free until it goes on. */
  readonly isBound: boolean;
}

export class Versions {
  /** By the name of the change. */
  readonly asked = new Map<string, AskedVersion>();
  readonly #chosen = new Map<string, number>();
  #unrecorded: Omit<RunVersionMarked, "at">[] = [];
  /** The journal has nothing more to say after what is being delivered. */
  isAtEnd = true;

  /** What the journal will say: replay knows it beforehand. */
  noteMark({ change, version }: Pick<RunVersionMarked, "change" | "version">): void {
    this.#chosen.set(change, version);
  }

  /** @throws E_VERSION_UNSUPPORTED when this code no longer has the run's branch */
  choose(runId: string, change: string, { from, to }: VersionRange): number {
    const version = this.#chosen.get(change) ?? this.#chooseNow(change, this.isAtEnd ? to : from);
    const isBound = this.#unrecorded.every((mark) => mark.change !== change);
    const before = this.asked.get(change);
    this.asked.set(change, {
      from: Math.min(from, before?.from ?? from),
      to: Math.max(to, before?.to ?? to),
      version,
      isBound,
    });
    if (version >= from && version <= to) return version;
    throw new PerdureError(
      "E_VERSION_UNSUPPORTED",
      `Run ${runId} is on version ${version} of change "${change}"; this code has only ${from} to ${to}.`,
    );
  }

  /** Choices to be recorded now. */
  takeUnrecorded(at: number): RunVersionMarked[] {
    return this.#unrecorded.splice(0).map((mark) => ({ ...mark, at }));
  }

  #chooseNow(change: string, version: number): number {
    this.#chosen.set(change, version);
    if (this.isAtEnd) this.#unrecorded.push({ type: "run.version_marked", change, version });
    return version;
  }
}
