// The models of the storage protocol as data: their files, the invariants they watch, how large their state spaces are
// at least, and the guards that are taken away to see that the verifier misses them. README.md says how model and code
// belong together.

export interface Mutant {
  /** `#ifdef MUTANT_<name>` in the model. */
  readonly name: string;
  /** What the protocol does without the guard. */
  readonly what: string;
}

export interface Model {
  /** `<name>.pml` in this folder. */
  readonly name: string;
  /** Names of the model's invariants; finding one of them violated is how a mutant is caught. */
  readonly invariants: readonly string[];
  /** Fewer states mean that the model has been cut down by mistake. */
  readonly leastStates: number;
  readonly mutants: readonly Mutant[];
}

export const MODELS: readonly Model[] = [
  {
    name: "claim",
    invariants: ["J1", "J2", "J3", "J4", "W2", "C1", "NOT_LOST"],
    leastStates: 500_000,
    mutants: [
      { name: "ACK_LEASED", what: "a message that meets a live lease is deleted" },
      { name: "DELETE_AFTER_CLAIM", what: "a message is deleted as soon as it has claimed" },
      { name: "DELETE_BEFORE_SUSPEND", what: "a message is deleted before META says suspended" },
      { name: "HAND_OFF_AFTER", what: "the hand-off message is sent after the lease is dropped" },
      { name: "CLAIM_KEEPS_WAKE", what: "a message's number runs ahead of wake" },
      { name: "SUSPEND_IGNORES_WAKE", what: "a cause that was not seen is taken for handled" },
      { name: "SEEN_AFTER_FACTS", what: "the number is read after the facts" },
      { name: "RAISE_BEFORE_FACT", what: "wake is raised before the fact is stored" },
      { name: "APPEND_OVERWRITES", what: "a slot has a second winner" },
      { name: "ADOPTS_HIGHER_FENCE", what: "who was replaced goes on" },
      { name: "LOAD_IGNORES_FENCE", what: "who loads a newer owner's entries goes on" },
      { name: "CLOSE_BEFORE_JOURNAL", what: "META closes before the terminal entry" },
    ],
  },
  {
    name: "timer",
    invariants: ["T1", "C1", "J2", "W2", "W3", "NOT_LOST"],
    leastStates: 1_000_000,
    mutants: [
      { name: "TRUSTS_MESSAGE", what: "a message is believed that its time has come" },
      { name: "ARM_AFTER_SUSPEND", what: "META names a timer that is not armed yet" },
      { name: "NEAR_NOT_COUNTED", what: "a near timer's message has no number of its own" },
      { name: "KEEPS_ANY_TIMER", what: "a timer for another time is kept" },
      { name: "NAME_WITHOUT_FENCE", what: "two owners arm under one name" },
      { name: "DISARMS_BLINDLY", what: "a refused suspension disarms what META names" },
      { name: "DOES_NOT_RAISE", what: "a fired timer is sent on without a new number" },
      { name: "NO_SWEEPER", what: "nobody looks for what was lost" },
      { name: "SWEEPS_ONLY_COUNTED", what: "the sweeper does not look at nextWakeAt" },
    ],
  },
  {
    name: "hand-off",
    invariants: ["C1", "J2", "W2", "S1", "NOT_LOST", "NO_FALSE_STALL"],
    leastStates: 1_000_000,
    mutants: [
      { name: "DROPS_DEAD", what: "a dead letter is dropped unread" },
      { name: "DELETES_FIRST", what: "a dead letter is deleted before its run has a new wake-up" },
      { name: "STALL_IGNORES_LEASE", what: "an onlooker stalls a run that somebody works on" },
      { name: "REVIVAL_KEEPS_FAILS", what: "a mended run is taken for poison" },
      { name: "HAND_OFF_AFTER", what: "the hand-off message is sent after the lease is dropped" },
    ],
  },
];
