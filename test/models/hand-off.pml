/*
 * Hand-off, messages that were delivered too often, poison and revival: every delivery is counted, also one that meets a
 * lease, and what was delivered too often becomes a dead letter.
 *
 * One transition is one request. README.md beside this file says which code each process stands for, what is left out
 * and why it may be.
 *
 * The workflow has two steps and the end, may be handed off after a step, and is of one kind:
 *   PATIENT   waits for a signal before its first step, and finds nothing to do until it has come
 *   POISON    its first step kills every process that runs it, until a person mends it; then it is MENDED
 *   FRAIL     each of its processes appends once and dies of it
 */
#define WORKERS 2
#define TROUBLES 1       /* deaths, zombies, faults: what is not the workflow's own doing */
#define CROSSINGS 1      /* hand-offs */
#define MAX_FAILS 2      /* above TROUBLES, so that only poison is taken for poison */
#define MAX_DEAD_ROUNDS 3
#define MAX_RECEIVES 1
#define REVIVALS 1
#define LAST 3
#define LETTERS 4

#define NONE 0
#define LIVE 1
#define EXPIRED 2

#define PATIENT 1
#define POISON 2
#define FRAIL 3
#define MENDED 4

/* META */
bool closed, stalled;
byte fence, wake = 1, handled, lease, fails;
/* The journal: entries, and the fence of the last */
byte length, lastFence;
/* The signal's fact */
bool fact;
/*
 * Messages, the highest first, 0 is none. Four bits are the number, two the deliveries (DEAD: one too many), two the
 * dead rounds that are written on it, four the fence of the last checkpoint when they were.
 */
short letter[LETTERS];
#define DEAD 3
#define numberOf(it) ((it) >> 8)
#define receivesOf(it) (((it) >> 6) & 3)
#define deathsOf(it) (((it) >> 4) & 3)
#define deathFenceOf(it) ((it) & 15)
#define isDead(it) (receivesOf(it) == DEAD)
#define ONE_DELIVERY 64
#define AS_DEAD (DEAD << 6)

byte kind, troubles, revivals, crossings;
bool isOwnerAlive, isFirstBusy;
/* Invariants: each stays true. */
bool C1 = true, J2 = true, W2 = true, S1 = true, NOT_LOST = true, NO_FALSE_STALL = true, NO_LATE_STALL = true;
bool IN_BOUNDS = true;

#define check(name, condition) name = (condition); assert(name)
#define isOpen (!closed && !stalled)
#define holdsLease (mine == fence && lease != NONE && !closed && !stalled)
#define isTroubled (troubles < TROUBLES)
#define mayCrash (isTroubled && mine == fence)
/* Workers that do nothing are the same: the first of them begins. */
#define isFirst (_pid == 0)
#define mayStart (isOpen && lease != LIVE && (isFirst || isFirstBusy))

/* W2. Closed or handled: what may be deleted has no other effect, so it is deleted at once. (Stalled runs are revived.) */
inline tidy() {
	d_step {
		i = 0;
		do
		:: i < LETTERS ->
			if
			:: closed || numberOf(letter[i]) <= handled -> letter[i] = 0
			:: else
			fi;
			k = i;
			do
			:: k > 0 && letter[k] > letter[k - 1] ->
				t = letter[k]; letter[k] = letter[k - 1]; letter[k - 1] = t; k--
			:: else -> break
			od;
			i++
		:: else -> break
		od;
		i = 0; k = 0; t = 0
	}
}

inline send(sentNumber, sentDeaths, sentFence) {
	check(IN_BOUNDS, sentNumber < 16 && letter[LETTERS - 1] == 0);
	letter[LETTERS - 1] = ((sentNumber) << 8) | ((sentDeaths) << 4) | (sentFence);
	tidy()
}

/* Only a run that got nowhere is given to a person, and what a person has mended not for what it was before. */
inline stall(revivalsThen) {
	stalled = true; lease = NONE;
	check(NO_LATE_STALL, revivals == revivalsThen);
	check(NO_FALSE_STALL, kind == POISON)
}

/* suspendRule: wake becomes newWake */
inline suspended(newWake) {
	lease = NONE; handled = seen; wake = newWake;
#ifndef MUTANT_SUSPEND_KEEPS_FAILS
	fails = 0;
#endif
	tidy()
}

inline forget() {
	if
	:: mine == fence -> isOwnerAlive = false
	:: else
	fi;
	if
	:: isFirst -> isFirstBusy = false
	:: else
	fi;
	mine = 0; seen = 0; pos = 0; hasAppended = false; hasFact = false; then = 0
}

inline claim(j) {
	mayStart && letter[j] != 0 && receivesOf(letter[j]) < MAX_RECEIVES;
	fence++; mine = fence; lease = LIVE; fails++; isOwnerAlive = true;
	check(IN_BOUNDS, fence < 16);
	if
	:: isFirst -> isFirstBusy = true
	:: else
	fi;
	if
	:: numberOf(letter[j]) > wake -> wake = numberOf(letter[j])
	:: else
	fi;
	seen = wake;
	letter[j] = letter[j] + ONE_DELIVERY;
	tidy();
	check(W2, numberOf(letter[0]) > handled)
}

#ifdef MUTANT_POISON_IGNORES_PROGRESS
#define gotNowhere(f, last) true
#else
#define gotNowhere(f, last) ((f) > (last) && (f) - (last) > MAX_FAILS)
#endif

active [WORKERS] proctype Worker() {
	byte mine, seen, pos, then, i, k;
	short t;
	bool hasAppended, hasFact;
end_idle:
	if
	:: atomic { claim(0) }
	:: atomic { claim(1) }
	:: atomic { claim(2) }
	:: atomic { claim(3) }
	fi;

load:
	atomic {
		if
		:: mayCrash -> troubles++; forget(); goto end_idle
		:: true
		fi;
		pos = length + 1; hasFact = fact;
		if
		:: lastFence > mine -> forget(); goto end_idle
		:: lastFence <= mine && length == LAST -> goto close
		/* `fails` is what the claim answered; another claim has raised the fence, which is looked at below */
		:: lastFence <= mine && length < LAST && fails > MAX_FAILS && gotNowhere(mine, lastFence) -> then = revivals; goto giveUp
		:: else
		fi
	};

work:
	atomic {
		if
		:: mayCrash -> troubles++; forget(); goto end_idle
		:: kind == POISON && pos == 1 -> forget(); goto end_idle
		:: !holdsLease -> forget(); goto end_idle
		:: holdsLease && (wake > seen || lease == EXPIRED) -> lease = LIVE; seen = wake; hasFact = fact; goto work
		/* a fault of the surroundings: given back, nothing handled */
		:: isTroubled ->
			troubles++;
			if
			:: holdsLease -> lease = NONE; fails--
			:: else
			fi;
			forget(); goto end_idle
		:: kind != FRAIL && hasAppended && wake == seen && crossings < CROSSINGS -> crossings++; goto handOff
		:: kind == PATIENT && pos == 1 && !hasFact && wake == seen -> goto suspend
		:: !(kind == POISON && pos == 1) && !(kind == PATIENT && pos == 1 && !hasFact) ->
			if
			:: length < pos ->
				check(C1, length < LAST);
				check(J2, lastFence <= mine);
				length = pos; lastFence = mine; pos++; hasAppended = true;
				if
				:: kind == FRAIL -> forget(); goto end_idle
				:: kind != FRAIL && pos > LAST -> goto close
				:: kind != FRAIL && pos <= LAST -> goto work
				fi
			:: length >= pos && lastFence > mine -> forget(); goto end_idle
			:: length >= pos && lastFence <= mine -> pos = 0; goto load
			fi
		fi
	};

giveUp:
	/* by its owner: the fence alone is asked for */
	atomic {
		if
		:: mayCrash -> troubles++
		/* the lease is renewed all the while */
		:: holdsLease && lease == EXPIRED -> lease = LIVE; goto giveUp
#ifdef MUTANT_OWNER_STALLS_UNDER_ANY_FENCE
		:: isOpen -> stall(then)
		:: !isOpen
#else
		:: mine == fence && isOpen -> stall(then)
		:: !(mine == fence && isOpen)
#endif
		fi;
		forget(); goto end_idle
	};

suspend:
	atomic {
		if
		:: mayCrash -> troubles++; forget(); goto end_idle
		:: holdsLease && wake == seen -> suspended(seen); forget(); goto end_idle
		:: holdsLease && wake != seen -> seen = wake; hasFact = fact; goto work
		:: !holdsLease -> forget(); goto end_idle
		fi
	};

handOff:
#ifndef MUTANT_HAND_OFF_AFTER
	atomic {
		if
		:: mayCrash -> troubles++; forget(); goto end_idle
#ifdef MUTANT_HAND_OFF_REPEATS_NUMBER
		:: send(seen, 0, 0)
#else
		:: send(seen + 1, 0, 0)
#endif
		fi
	};
#endif
	atomic {
		if
		:: mayCrash -> troubles++; forget(); goto end_idle
		:: holdsLease && wake == seen ->
			suspended(seen + 1);
#ifndef MUTANT_HAND_OFF_AFTER
			forget(); goto end_idle
#endif
		:: holdsLease && wake != seen -> seen = wake; hasFact = fact; goto work
		:: !holdsLease -> forget(); goto end_idle
		fi
	};
#ifdef MUTANT_HAND_OFF_AFTER
	atomic {
		if
		:: isTroubled -> troubles++; forget(); goto end_idle
		:: send(seen + 1, 0, 0); forget(); goto end_idle
		fi
	};
#endif

close:
	atomic {
		if
		:: mayCrash -> troubles++
		:: fence == mine -> closed = true; stalled = false; lease = NONE; tidy()
		:: fence != mine
		fi;
		forget(); goto end_idle
	}
}

/* Deliveries that claim nothing: one too many, one that meets a lease, one of a run that waits for a person. */
#define isThere(j) (letter[j] != 0 && !isDead(letter[j]))
inline redeliver(j) {
	isThere(j) && (stalled || lease == LIVE || receivesOf(letter[j]) == MAX_RECEIVES);
	if
	:: stalled -> letter[j] = 0
	:: !stalled && receivesOf(letter[j]) == MAX_RECEIVES -> letter[j] = letter[j] | AS_DEAD
	:: !stalled && receivesOf(letter[j]) < MAX_RECEIVES -> letter[j] = letter[j] + ONE_DELIVERY
	fi;
	tidy()
}

active proctype Queue() {
	byte i, k;
	short t;
end_queue:
	do
	:: atomic { redeliver(0) }
	:: atomic { redeliver(1) }
	:: atomic { redeliver(2) }
	:: atomic { redeliver(3) }
	od
}

active proctype Expiry() {
end_expiry:
	do
	:: d_step { lease == LIVE && !isOwnerAlive && isOpen -> lease = EXPIRED }
	:: d_step { lease == LIVE && isOwnerAlive && isOpen && isTroubled -> troubles++; lease = EXPIRED }
	od
}

/* A signal, whenever it likes; that its sender may die is claim.pml's. */
active proctype Signaller() {
	byte n, i, k;
	short t;
	bool isLeased;
end_signaller:
	atomic { kind == PATIENT -> fact = true };
	atomic { wake++; n = wake; isLeased = (lease == LIVE) };
	atomic {
		if
		:: !isLeased -> send(n, 0, 0)
		:: isLeased
		fi;
		n = 0; isLeased = false
	}
}

/* the higher of the two */
#define MAX(a, b) ((a) * ((a) >= (b)) + (b) * ((a) < (b)))

/* A letter that it holds may lose its effect meanwhile, by its run being closed or its number handled. */
inline drop() {
	d_step {
		i = 0;
		do
		:: i < LETTERS && letter[i] != it -> i++
		:: else -> break
		od;
		if
		:: i < LETTERS -> letter[i] = 0
		:: else
		fi
	};
	tidy()
}

inline readRun() {
	readFence = fence; readWake = wake; wasLeased = (lease == LIVE); wasFailing = (fails > MAX_FAILS); then = revivals
}

inline readLast() {
	last = lastFence
}

active proctype DeadLetters() {
	byte deaths, last, readFence, readWake, then, i, k;
	short it, t;
	bool wasLeased, wasFailing;
end_dead:
	atomic {
		if
		:: isDead(letter[0]) -> it = letter[0]
		:: isDead(letter[1]) -> it = letter[1]
		:: isDead(letter[2]) -> it = letter[2]
		:: isDead(letter[3]) -> it = letter[3]
		fi;
		/* closed and handled are dropped already */
		if
		:: stalled -> drop(); goto done
		:: !stalled
		fi;
#ifdef MUTANT_READS_JOURNAL_FIRST
		readLast()
#else
		readRun()
#endif
	};
#ifdef MUTANT_DROPS_DEAD
	atomic { drop(); goto done };
#endif
	atomic {
#ifdef MUTANT_READS_JOURNAL_FIRST
		readRun();
#else
		readLast();
#endif
		deaths = deathsOf(it);
#ifndef MUTANT_DEATHS_IGNORE_PROGRESS
		if
		:: deathFenceOf(it) != last -> deaths = 0
		:: else
		fi;
#endif
		if
#ifdef MUTANT_DROPS_LEASED
		:: wasLeased -> drop(); goto done
#endif
#ifdef MUTANT_DEATHS_COUNT_LEASED
		:: wasLeased -> deaths++
#else
		:: wasLeased
#endif
		:: !wasLeased && wasFailing && gotNowhere(readFence, last) -> deaths = MAX_DEAD_ROUNDS
		:: !wasLeased && !(wasFailing && gotNowhere(readFence, last)) -> deaths++
		fi;
		/* no rounds, no fence */
		if
		:: deaths == 0 -> last = 0
		:: else
		fi
	};
#ifdef MUTANT_DELETES_FIRST
	atomic {
		drop();
		if
		:: isTroubled -> troubles++; goto done
		:: true
		fi
	};
#endif
	atomic {
		if
		:: deaths < MAX_DEAD_ROUNDS ->
			/* sent first, deleted second: who dies between the two leaves both (J4) */
			if
			:: isTroubled -> troubles++
			:: drop()
			fi;
			if
			:: isOpen || stalled -> send(MAX(numberOf(it), readWake), deaths, last)
			:: closed
			fi
		/* refused, it is judged again; granted, it is dropped the next time */
		:: deaths >= MAX_DEAD_ROUNDS ->
			if
#ifdef MUTANT_STALL_IGNORES_LEASE
			:: fence == readFence && isOpen -> check(S1, lease != LIVE); stall(then)
			:: !(fence == readFence && isOpen)
#elif defined(MUTANT_STALL_IGNORES_FENCE)
			:: isOpen && lease != LIVE -> stall(then)
			:: !(isOpen && lease != LIVE)
#else
			:: fence == readFence && isOpen && lease != LIVE -> check(S1, lease != LIVE); stall(then)
			:: !(fence == readFence && isOpen && lease != LIVE)
#endif
			fi
		fi
	};
done:
	atomic {
		it = 0; deaths = 0; last = 0; readFence = 0; readWake = 0; then = 0; wasLeased = false; wasFailing = false;
		goto end_dead
	}
}

active proctype Person() {
	byte n, i, k;
	short t;
end_person:
	do
	:: atomic {
		stalled && revivals < REVIVALS -> revivals++;
		if
		:: kind == POISON -> kind = MENDED
		:: else
		fi;
		stalled = false;
#ifndef MUTANT_REVIVAL_KEEPS_HANDLED
		handled = wake;
#endif
		wake++;
		tidy();
#ifndef MUTANT_REVIVAL_KEEPS_FENCE
		fence++;
#endif
#ifndef MUTANT_REVIVAL_KEEPS_FAILS
		fails = 0;
#endif
		n = wake
	   };
	   atomic {
		if
		/* dies, and comes again when it has had no answer (J4) */
		:: isTroubled -> troubles++;
#ifndef MUTANT_REVIVAL_NOT_REPEATED
			if
			:: isOpen && wake > handled && lease != LIVE -> send(wake, 0, 0)
			:: else
			fi
#endif
		:: isOpen || stalled -> send(n, 0, 0)
		:: closed
		fi;
		n = 0
	   }
	od
}

init {
	atomic {
#ifdef ONLY
		kind = ONLY;
#else
		if
		:: kind = PATIENT
		:: kind = POISON
		:: kind = FRAIL
		fi;
#endif
		letter[0] = 1 << 8
	}
}

active proctype Quiet() {
	timeout;
	d_step { check(NOT_LOST, closed || (stalled && revivals == REVIVALS)) }
}
