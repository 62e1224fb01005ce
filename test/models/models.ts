// The models of the storage protocol as data: their files, the invariants they watch, how large their state spaces are
// at least, the guards that are taken away to see that the verifier misses them, and the faults that the protocol is
// known to have. README.md says how model and code belong together.

export interface Mutant {
  /** `#ifdef MUTANT_<name>` in the model. */
  readonly name: string;
  /** What the protocol does without the guard. */
  readonly what: string;
  /** Further definitions: a smaller model that has the fault too is searched sooner. */
  readonly with?: readonly string[];
}

/** A fault that the protocol is known to have, seen when the model leaves out what excuses it. */
export interface Weakness {
  readonly defines: readonly string[];
  readonly violates: string;
  readonly what: string;
}

export interface Model {
  /** `<name>.pml` in this folder. */
  readonly name: string;
  /** Names of the model's invariants; finding one of them violated is how a mutant is caught. */
  readonly invariants: readonly string[];
  /** Fewer states mean that the model has been cut down by mistake. */
  readonly leastStates: number;
  /** Definitions with which the invariants hold too. */
  readonly variants: readonly (readonly string[])[];
  readonly weaknesses: readonly Weakness[];
  readonly mutants: readonly Mutant[];
}

export const MODELS: readonly Model[] = [
  {
    name: "claim",
    invariants: ["J1", "J2", "J3", "J4", "W2", "C1", "NOT_LOST"],
    leastStates: 500_000,
    variants: [["CALLER_GIVES_UP", "TROUBLES=2"]],
    weaknesses: [
      {
        defines: ["CALLER_GIVES_UP"],
        violates: "NOT_LOST",
        what: "a caller stores a signal, dies and never comes again, and an owner that was replaced appends it after its successor has suspended: nothing wakes the run until its next cause",
      },
    ],
    mutants: [
      { name: "START_NOT_REPEATED", what: "a start that is repeated sends no message" },
      { name: "ACK_LEASED", what: "a message that meets a live lease is deleted" },
      { name: "DELETE_AFTER_CLAIM", what: "a message is deleted as soon as it has claimed" },
      { name: "DELETE_BEFORE_SUSPEND", what: "a message is deleted before META says suspended" },
      { name: "HAND_OFF_AFTER", what: "the hand-off message is sent after the lease is dropped" },
      { name: "CLAIM_KEEPS_FENCE", what: "who takes over a lease gets its fence" },
      { name: "CLAIM_KEEPS_WAKE", what: "a message's number runs ahead of wake" },
      { name: "CLAIM_IGNORES_HANDLED", what: "a message that was handled claims" },
      { name: "RENEW_AFTER_SUSPEND", what: "a late renewal brings back a lease that was given back" },
      { name: "ABANDON_DELETES", what: "a run is given back after a fault and its message is deleted" },
      { name: "SUSPEND_IGNORES_WAKE", what: "a cause that was not seen is taken for handled" },
      {
        name: "SUSPEND_IGNORES_FENCE",
        what: "who was replaced suspends the run of another owner",
        with: ["CALLER_GIVES_UP", "TROUBLES=2"],
      },
      { name: "SEEN_AFTER_FACTS", what: "the number is read after the facts" },
      { name: "RAISE_BEFORE_FACT", what: "wake is raised before the fact is stored" },
      { name: "RAISE_SAYS_NOTHING", what: "a cause is counted and no message is sent" },
      { name: "DELIVERS_BEFORE_APPEND", what: "the code is given a value before it is in the journal" },
      { name: "APPEND_OVERWRITES", what: "a slot has a second winner" },
      { name: "ADOPTS_HIGHER_FENCE", what: "who was replaced goes on" },
      { name: "LOAD_IGNORES_FENCE", what: "who loads a newer owner's entries goes on" },
      { name: "LOAD_IGNORES_END", what: "who loads a journal that has ended goes on" },
      { name: "CLOSE_BEFORE_JOURNAL", what: "META closes before the terminal entry" },
    ],
  },
  {
    name: "timer",
    invariants: ["T1", "C1", "J2", "W3", "NOT_LOST"],
    leastStates: 1_000_000,
    variants: [],
    weaknesses: [],
    mutants: [
      { name: "TRUSTS_MESSAGE", what: "a message is believed that its time has come" },
      { name: "ARM_AFTER_SUSPEND", what: "META names a timer that is not armed yet" },
      { name: "SEND_AFTER_SUSPEND", what: "META counts a near timer's message that is not sent yet" },
      { name: "FORGETS_TIME", what: "META does not say when the run is to be woken" },
      { name: "NEAR_NOT_COUNTED", what: "a near timer's message has no number of its own" },
      { name: "KEEPS_ANY_TIMER", what: "a timer for another time is kept" },
      { name: "NAME_WITHOUT_FENCE", what: "two owners arm under one name" },
      { name: "DISARMS_BLINDLY", what: "a refused suspension disarms what META names" },
      {
        name: "CONVERTER_DELETES_FIRST",
        what: "a fired timer's message is deleted before the wake-up is sent",
      },
      { name: "DOES_NOT_RAISE", what: "a fired timer is sent on without a new number" },
      { name: "NO_SWEEPER", what: "nobody looks for what was lost" },
      { name: "SWEEPS_ONLY_COUNTED", what: "the sweeper does not look at nextWakeAt" },
    ],
  },
  {
    name: "hand-off",
    invariants: ["C1", "J2", "W2", "S1", "NOT_LOST", "NO_FALSE_STALL", "NO_LATE_STALL"],
    leastStates: 800_000,
    variants: [],
    weaknesses: [],
    mutants: [
      { name: "HAND_OFF_AFTER", what: "the hand-off message is sent after the lease is dropped" },
      {
        name: "HAND_OFF_REPEATS_NUMBER",
        what: "the hand-off message has the number of the cause it is sent under",
      },
      {
        name: "SUSPEND_KEEPS_FAILS",
        what: "an activation that was left in order counts as a failure",
        with: ["ONLY=PATIENT"],
      },
      {
        name: "POISON_IGNORES_PROGRESS",
        what: "a run that appends each time is taken for poison",
        with: ["ONLY=FRAIL"],
      },
      {
        name: "OWNER_STALLS_UNDER_ANY_FENCE",
        what: "an owner that was replaced stalls the run",
        with: ["ONLY=POISON"],
      },
      {
        name: "STALL_IGNORES_LEASE",
        what: "an onlooker stalls a run that somebody works on",
        with: ["ONLY=POISON"],
      },
      {
        name: "STALL_IGNORES_FENCE",
        what: "an onlooker stalls a run that has moved on",
        with: ["ONLY=POISON"],
      },
      {
        name: "READS_JOURNAL_FIRST",
        what: "an onlooker reads the journal before META",
        with: ["ONLY=FRAIL"],
      },
      { name: "DROPS_DEAD", what: "a dead letter is dropped unread" },
      { name: "DROPS_LEASED", what: "a dead letter of a run that somebody works on is dropped" },
      { name: "DELETES_FIRST", what: "a dead letter is deleted before its run has a new wake-up" },
      { name: "DEATHS_COUNT_LEASED", what: "a message that dies of meeting leases counts as a death" },
      {
        name: "DEATHS_IGNORE_PROGRESS",
        what: "deaths from before the last checkpoint count",
        with: ["ONLY=FRAIL"],
      },
      { name: "REVIVAL_KEEPS_FAILS", what: "a mended run is taken for poison", with: ["ONLY=POISON"] },
      {
        name: "REVIVAL_KEEPS_FENCE",
        what: "a run is stalled for what was mended, by who judged it before",
        with: ["ONLY=POISON"],
      },
      {
        name: "REVIVAL_KEEPS_HANDLED",
        what: "a dead letter of before a revival stalls the mended run once more",
        with: ["ONLY=POISON"],
      },
      {
        name: "REVIVAL_NOT_REPEATED",
        what: "a revival that is repeated sends no message",
        with: ["ONLY=POISON"],
      },
    ],
  },
];
