// Every bound of the product, each with its reason. Units are in the names.
// Nothing here may be read as configuration: what a user may change is a prop or an option elsewhere.

/** Longest name of a workflow, step, sleep, signal or step handler: ids are built of several and must fit a sort key (1,024 bytes). */
export const MAX_NAME_CHARS = 128;
/** Longest run id or idempotency key a caller may choose: the partition key and the inbox keys stay far below DynamoDB's 1,024-byte sort key. */
export const MAX_CALLER_KEY_CHARS = 128;
/** Longest name that whoever decides an approval gives, and longest note: both are kept with the run and shown to people. */
export const MAX_APPROVER_CHARS = 200;
export const MAX_APPROVAL_NOTE_CHARS = 2_000;
/** Largest request body and largest single value: API Gateway ends at 10 MB, Lambda at 6 MB; 4 MiB leaves room for encoding. */
export const MAX_VALUE_BYTES = 4 * 1024 * 1024;
/** Text above this is compressed: below it gzip's header eats the gain. */
export const COMPRESS_ABOVE_BYTES = 1024;
/** Packed values above this leave the table for the blob store, unless settings say less: each kilobyte in the table costs a write unit. */
export const OFFLOAD_ABOVE_BYTES = 8 * 1024;
/** Input up to this rides in META; larger input is an item of its own, because every META update bills the whole item. */
export const MAX_INLINE_INPUT_BYTES = 400;
/** Faults of one value that are told: who has mended those is told the next. */
export const MAX_ISSUES = 100;
/** Longest message and path of one fault: a schema may quote all that it was given, and keys are as long as their sender likes. */
export const MAX_ISSUE_CHARS = 300;
/** Deepest nesting of a value: the encoder is recursive. */
export const MAX_VALUE_DEPTH = 200;

/** Entries in one checkpoint: bounds the blast radius of one write and the memory of one page. */
export const MAX_ENTRIES_PER_CHECKPOINT = 100;
/** Bytes of entries in one checkpoint: DynamoDB's item limit is 400 KB; a quarter is left for names and marshalling. */
export const MAX_CHECKPOINT_BYTES = 300 * 1024;
/** Steps that run at the same time inside one activation: more would only queue for sockets. */
export const MAX_PARALLEL_STEPS = 200;
/** Child runs that are started at the same time by one activation. */
export const MAX_PARALLEL_STARTS = 25;
/** Waits written into META for people to read; the journal has them all. */
export const MAX_WAITS_SHOWN = 5;
/** Longest error message or stack kept in the journal. */
export const MAX_ERROR_TEXT_CHARS = 4096;
/** Errors in errors that are kept, one below the other, and of a list of errors. */
export const MAX_ERROR_DEPTH = 8;
/** Fields of an error, as text, with those of its causes: what is beside them, names, messages and stacks, has the rest of a value. */
export const MAX_ERROR_FIELDS_BYTES = MAX_VALUE_BYTES - 256 * 1024;
/** Parts of values with errors in them that are kept, of all errors of a value: a batch of 10,000 has about 100,000. */
export const MAX_ERROR_PARTS = 250_000;
/** Stacks kept of the errors in a field: one failure of a batch is told from the next by its message. */
export const MAX_ERROR_STACKS = 50;

/** Longest name of an attribute: names are billed with every update of META, too. */
export const MAX_ATTRIBUTE_NAME_CHARS = 64;
/** Attributes of a run, as JSON: every update of META bills the whole item, and these make each at most one write unit dearer. */
export const MAX_ATTRIBUTES_BYTES = 1024;
/** Largest published state, as text: a run is shown with its state, input and result, and a Lambda answers at most 6 MB. */
export const MAX_STATE_BYTES = 256 * 1024;
/** Largest detail of an event, as JSON: EventBridge takes 256 KB with everything around it. */
export const MAX_EVENT_BYTES = 240 * 1024;
/** Longest source of an event: what EventBridge takes. */
export const MAX_EVENT_SOURCE_CHARS = 256;
/** Writes in one transaction: DynamoDB takes 100, and the checkpoint is one. */
export const MAX_TRANSACTION_WRITES = 99;
/** All writes of a transaction together, roughly: DynamoDB takes 4 MB, the checkpoint included. */
export const MAX_TRANSACTION_BYTES = 4 * 1024 * 1024 - 16 * 1024;
/** Largest item of a table. */
export const MAX_ITEM_BYTES = 400 * 1024;
/** Times a transaction that met another one, or was throttled, is tried before the activation gives the run back. */
export const MAX_TRANSACTION_TRIES = 6;
/** Events that a local data file keeps to be looked at. */
export const MAX_LOCAL_EVENTS = 1_000;

/** SQS ends at 15 minutes of delay. */
export const MAX_QUEUE_DELAY_MS = 15 * 60_000;
/** Scheduler may be up to a minute late, so a schedule is set this much early and SQS does the rest. */
export const SCHEDULE_LEAD_MS = 90_000;
/** Waits up to this stay in the process, unless settings say otherwise: suspending costs two writes and a message. */
export const MAX_IN_PROCESS_WAIT_MS = 2_000;
/** How long a cancellation waits for bodies that are running to come to an end that can be recorded. */
export const CANCEL_GRACE_MS = 5_000;
/** Longest sleep or timeout: ten years, EventBridge Scheduler's own horizon is longer, a typo is more likely. */
export const MAX_DURATION_MS = 10 * 366 * 24 * 3_600_000;

/** Claims without progress after which a run is poison and stalls. */
export const MAX_FAILS = 5;
/** Deliveries after which SQS gives a wake-up to the dead-letter queue; above MAX_FAILS plus some lease conflicts. */
export const MAX_WAKE_UP_DELIVERIES = 12;
/** Deliveries of a step message before the attempt counts as lost. */
export const MAX_STEP_DELIVERIES = 5;
/** Times one activation may adopt foreign entries and replay from the start before it gives the message back. */
export const MAX_REPLAYS_PER_ACTIVATION = 10;
/** Stretches of a journal that a load leaves out: each costs a read of its own, and a place in META. */
export const MAX_FOLDS = 4;
/** Checkpoints after which an activation hands off: more than a Lambda can append in its 15 minutes, far below MAX_LOOP_TURNS. */
export const MAX_CHECKPOINTS_PER_ACTIVATION = 200_000;
/** Turns of the activation loop: a bound for the endless, far above any real activation. */
export const MAX_LOOP_TURNS = 1_000_000;

/** How far ahead the sweeper looks again at a run that waits for nothing but the outside. */
export const IDLE_SWEEP_MS = 24 * 3_600_000;
/** How long the sweeper leaves a run alone whose message backs off after a fault: longer than the back-off. */
export const GIVEN_BACK_SWEEP_MS = 3_600_000;
/** Times a wake-up may go through all its deliveries without progress of its run before the run stalls. */
export const MAX_DEAD_ROUNDS = 3;
/** Deliveries for which an activation waits for a workflow it does not know: a deployment may be under way. */
export const MAX_UNKNOWN_DELIVERIES = 6;
/** Runs one sweep handles: bounds its Lambda; the next sweep goes on. */
export const MAX_RUNS_PER_SWEEP = 1_000;
/** Shards of the list and sweep indexes: one partition takes 1,000 writes a second. */
export const INDEX_SHARDS = 16;

/** Page size of lists: default and most. */
export const LIST_PAGE = { default: 20, most: 100 } as const;
/** Journal entries in one answer. */
export const JOURNAL_PAGE = { default: 200, most: 1_000 } as const;
/** Longest long-poll: API Gateway gives up at 30 seconds. */
export const MAX_WAIT_MS = 25_000;
/** How long a closed run is kept before its items expire, unless the user says otherwise. */
export const DEFAULT_RETENTION_DAYS = 90;

/** Most runs of one concurrency limit: the ids of all that hold a slot are one item of the table, 128 KB at the very most. */
export const MAX_CONCURRENCY = 1_000;
/** Longest key of a limit: it is part of META, which every update bills. */
export const MAX_LIMIT_KEY_CHARS = 128;
/** Waiters looked at together: those behind them are not next. */
export const MAX_WAITERS_READ = 25;
/** Times one run looks at a line that moves: enough to fill a limit that was raised from one to the most. */
export const MAX_LOOKS_AT_LINE = 50;
/** A run whose code begins this much later than it was to says so in its journal, and its times count from then. */
export const LATE_BEGINNING_MS = 60_000;
/** Holders of a full limiter that one look checks for being gone: chosen by chance, so that each has its turn. */
export const MAX_HOLDERS_CHECKED = 10;
/** A singleton's slot of a run that is not there is its starter's for this long: META is put right after it was taken. */
export const START_LEASE_MS = 5_000;
/** How often a start looks whether the run that has the singleton's slot is there by now. */
export const START_LOOK_MS = 250;

/** Longest id of a schedule: it is an attribute of each run and part of a limiter's key. */
export const MAX_SCHEDULE_ID_CHARS = 64;
/** What is said of a schedule, as text: it is recorded again with each of its turns. */
export const MAX_SCHEDULE_BYTES = 32 * 1024;
/** Times that people give lie before the year 2200, epoch ms: a later one is a typing error, and what follows it must still be a date. */
export const MAX_TIME = 7_258_118_400_000;
/** Shortest rate of a schedule: each start costs about ten writes, and timers are accurate to about a second. */
export const MIN_SCHEDULE_EVERY_MS = 1_000;
/** Shortest time that a schedule may be late: a deployment or a process that died may cost as much. */
export const MIN_CATCH_UP_MS = 10_000;
/** @default of a schedule */
export const DEFAULT_CATCH_UP_MS = 3_600_000;
/** Runs of one schedule that are open at once: their ids are part of its state. */
export const MAX_OPEN_SCHEDULED = 100;
/** Ended runs of a schedule that it still shows. */
export const MAX_RECENT_SCHEDULED = 10;
/** Times to come that a schedule shows. */
export const TIMES_SHOWN = 5;
/** Times that one request may fill in: each is a run. */
export const MAX_BACKFILL_TIMES = 1_000;
/** Requests to fill in that wait for each other. */
export const MAX_BACKFILLS = 10;
/** Times that are counted one by one when a schedule has not kept them; more are left out without being counted. */
export const MAX_TIMES_COUNTED = 1_000;
/** Waits before a schedule tries again to start a run of a workflow that is not deployed: a deployment may be under way. */
export const START_AGAIN_AFTER_MS = [10_000, 60_000] as const;
