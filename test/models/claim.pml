/*
 * Claim, load, append, suspend, wake, hand off and close: one run, some workers, and everything that may go wrong
 * between two of their requests. There is no sweeper here: nothing may be lost without it.
 *
 * One transition is one request. README.md beside this file says which code each process stands for, what is left out
 * and why it may be.
 *
 * The workflow: a step, a signal (that may never come), a step, the end; or the end before its time, by its deadline.
 */
#if defined(MUTANT_DELETE_AFTER_CLAIM) || defined(MUTANT_DELETE_BEFORE_SUSPEND)
#define KEEPS_N
#endif

#ifndef WORKERS
#define WORKERS 2
#endif
#ifndef TROUBLES
#define TROUBLES 3       /* in all, of any kind */
#endif

#define SIGNAL 2
#define LAST 4           /* the slot of the terminal entry, at the latest */
#define MAX_N 8
#define FIRST_PID 3

#define NONE 0
#define LIVE 1
#define EXPIRED 2

/* With CALLER_GIVES_UP a sender that dies never comes again: a known weakness, see README.md. */

/* META */
bool created, closed;
byte fence, wake, handled;
byte lease;
/* The partition: who wrote which slot, where the end is, and the signal's fact. */
byte slot[LAST + 2];
byte terminalAt;
bool fact;
/* The queue: bit n is a message numbered n. It is delivered as often as it likes, to anybody, until it is deleted. */
unsigned messages : 10;
/* Troubles there have been, and whether the lease's owner still works. */
byte troubles;
bool isOwnerAlive, isFirstBusy, hasGivenUp, isSilent;
/* Ghosts: what the workflow's code was given for each slot. */
byte delivered[LAST + 2];
/* Invariants: each stays true. */
bool J1 = true, J2 = true, J3 = true, J4 = true, W2 = true, C1 = true, NOT_LOST = true, IN_BOUNDS = true;

#define check(name, condition) name = (condition); assert(name)
#define has(n) ((messages >> (n)) & 1)
#define isAnyUnhandled ((messages >> (handled + 1)) != 0)
#define hasUpTo(n) ((messages & ((1 << ((n) + 1)) - 1)) != 0)
#define holdsLease (mine == fence && lease != NONE)
#define isTroubled (troubles < TROUBLES)
/* Somebody without the lease may always stop, so only an owner's death counts. */
#define mayCrash (isTroubled && mine == fence)

/* Workers that do nothing are the same: the first of them begins. */
#define isFirst (_pid == FIRST_PID)
#define mayStart (lease != LIVE && (isFirst || isFirstBusy))

/* W2. What may be deleted has no other effect, so it is deleted at once. */
inline prune() {
	if
	:: closed -> messages = 0
#ifdef MUTANT_CLAIM_IGNORES_HANDLED
	:: else
#else
	:: else -> messages = (messages >> (handled + 1)) << (handled + 1)
#endif
	fi
}

inline send(number) {
	check(IN_BOUNDS, (number) <= MAX_N && (number) <= wake + 1);
	messages = messages | (1 << (number));
	prune()
}

inline checkW2() {
	check(W2, closed || lease == NONE || isAnyUnhandled)
}

/* J3: the value that any activation gives the code for a slot is the one that stands there. */
inline deliver(i) {
	check(J3, delivered[i] == 0 || delivered[i] == slot[i]);
	delivered[i] = slot[i]
}

/* Dead, stopped or replaced: no longer anybody's owner. */
inline forget() {
	if
	:: mine == fence -> isOwnerAlive = false
	:: else
	fi;
#ifdef KEEPS_N
	n = 0;
#endif
	if
	:: isFirst -> isFirstBusy = false
	:: else
	fi;
	mine = 0; seen = 0; noticed = 0; pos = 0; hasFact = false; hasAppended = false
}

inline writeSlot() {
	check(C1, terminalAt == 0);
	check(J2, pos == 1 || slot[pos - 1] <= mine);
	slot[pos] = mine;
	deliver(pos)
}

/* suspendRule: wake becomes newWake */
inline suspended(newWake) {
	lease = NONE; handled = seen; wake = newWake;
	prune();
#ifdef MUTANT_RENEW_AFTER_SUSPEND
	if
	:: lease = LIVE; checkW2()
	:: true
	fi;
#endif
	forget()
}

active proctype Starter() {
	if
	:: d_step { created = true; wake = 1; send(1) }
	:: d_step { created = true; wake = 1 }   /* crashed, or slow */
	fi;
	/* J4: again, by a caller without an answer, or by a second one with the same key */
	d_step {
		if
#ifndef MUTANT_START_NOT_REPEATED
		:: fence == 0 -> send(1)
#endif
		:: else
		fi
	}
}

active proctype Signaller() {
	byte number; bool isLeased;
	created;
	if
	:: true
	:: isSilent = true; goto out
	fi;
put:
#ifndef MUTANT_RAISE_BEFORE_FACT
	fact = true;
#endif
raise:
	atomic {
		if
		/* dies; its caller, who had no answer, comes again */
		:: isTroubled -> troubles++;
			if
			:: goto put
#ifdef CALLER_GIVES_UP
			:: hasGivenUp = true; goto out
#endif
			fi
		:: closed -> goto out
		:: !closed -> wake++; number = wake
		fi;
		if
		:: lease != NONE -> isLeased = true    /* a clock that is behind takes an expired lease for a live one */
		:: lease != LIVE -> isLeased = false
		fi
	};
	atomic {
		if
		:: isTroubled -> troubles++; number = 0; isLeased = false; goto put
#ifdef MUTANT_RAISE_SAYS_NOTHING
		:: true
#else
		:: !isLeased -> send(number)
		:: isLeased
#endif
		fi;
		number = 0; isLeased = false
	};
out:
#ifdef MUTANT_RAISE_BEFORE_FACT
	fact = true;
#endif
	skip
}

/* A lease ends by itself when its owner is dead, and now and then when it is not. */
active proctype Expiry() {
end_expiry:
	do
	:: d_step { lease == LIVE && !isOwnerAlive -> lease = EXPIRED }
	:: d_step { lease == LIVE && isOwnerAlive && isTroubled -> troubles++; lease = EXPIRED }
	od
}

inline claim(ahead) {
#ifdef MUTANT_CLAIM_KEEPS_FENCE
	if
	:: fence == 0 || lease == NONE -> fence++
	:: else
	fi;
#else
	fence++;
#endif
	mine = fence; lease = LIVE; isOwnerAlive = true;
	if
	:: isFirst -> isFirstBusy = true
	:: else
	fi;
#ifdef KEEPS_N
	n = 1;
	do
	:: !has(n) -> n++
	:: has(n) -> break
	od;
#endif
	seen = wake + ahead;
#ifndef MUTANT_CLAIM_KEEPS_WAKE
	wake = seen;
#endif
	check(W2, wake >= seen);
	checkW2();
	seen = wake; noticed = wake
}

active [WORKERS] proctype Worker() {
	byte mine, seen, noticed, pos;
	bool hasFact, hasAppended;
#ifdef KEEPS_N
	byte n;
#endif
#ifdef MUTANT_DELIVERS_BEFORE_APPEND
	bool isGiven;
#endif
end_idle:
	/* A delivery that meets a live lease changes nothing, so it is left out. All numbers up to `wake` do the same. */
	if
	:: atomic { mayStart && hasUpTo(wake) -> claim(0) }
	:: atomic { mayStart && has(wake + 1) -> claim(1) }
#ifdef MUTANT_ACK_LEASED
	:: atomic { created && lease == LIVE && messages != 0 -> messages = 0; goto end_idle }
#endif
	fi;
#ifdef MUTANT_DELETE_AFTER_CLAIM
	d_step { messages = messages & ~(1 << n) };
#endif

load:
	atomic {
		if
		:: mayCrash -> troubles++; forget(); goto end_idle
		:: true
		fi;
		hasFact = fact;
		pos = 1;
		do
		:: pos <= LAST && slot[pos] != 0 -> deliver(pos); pos++
		:: else -> break
		od;
		if
#ifndef MUTANT_LOAD_IGNORES_FENCE
		:: pos > 1 && slot[pos - 1] > mine -> forget(); goto end_idle
#endif
		:: else
		fi;
		if
#ifdef MUTANT_LOAD_IGNORES_END
		:: pos > LAST -> goto close
#else
		:: terminalAt != 0 -> goto close
#endif
		:: else
		fi
	};
#ifdef MUTANT_SEEN_AFTER_FACTS
	atomic { seen = wake; noticed = wake };
#endif

work:
	atomic {
		if
		:: mayCrash -> troubles++; forget(); goto end_idle

		/* renew, perhaps late; what it answers is looked at in the next turn */
		:: holdsLease && (noticed < wake || lease == EXPIRED) -> lease = LIVE; noticed = wake; goto work
		:: !holdsLease -> forget(); goto end_idle

		/* a fault of the surroundings: given back, nothing handled */
		:: isTroubled ->
			troubles++;
			if
			:: holdsLease -> lease = NONE
			:: else
			fi;
#ifdef MUTANT_ABANDON_DELETES
			messages = 0;
#endif
			forget();
			goto end_idle

		/* the inbox: the number was noticed before, the facts are read now */
		:: noticed > seen ->
			hasFact = fact;
			seen = noticed; goto work

		/* the end, by the workflow's code or by the deadline */
		:: noticed == seen && pos == LAST -> skip
		:: noticed == seen && pos < LAST && isTroubled -> troubles++

		:: noticed == seen && hasAppended && pos < LAST && isTroubled -> troubles++; goto handOff

		:: noticed == seen && pos == SIGNAL && !hasFact -> goto suspend

		/* append */
		:: noticed == seen && pos < LAST && (pos != SIGNAL || hasFact) ->
			if
#ifdef MUTANT_APPEND_OVERWRITES
			:: true -> slot[pos] = mine; deliver(pos); pos++; hasAppended = true
#else
#ifdef MUTANT_DELIVERS_BEFORE_APPEND
			:: slot[pos] == 0 && !isGiven -> check(J3, delivered[pos] == 0 || delivered[pos] == mine); delivered[pos] = mine; isGiven = true
			:: slot[pos] == 0 && isGiven -> isGiven = false; writeSlot(); pos++; hasAppended = true
#else
			:: slot[pos] == 0 -> writeSlot(); pos++; hasAppended = true
#endif
			:: slot[pos] > mine ->
#ifdef MUTANT_ADOPTS_HIGHER_FENCE
				deliver(pos); pos++
#else
				forget(); goto end_idle
#endif
			:: slot[pos] != 0 && slot[pos] <= mine -> check(J1, slot[pos] != mine); pos = 0; goto load
#endif
			fi;
			goto work
		fi;

#ifdef MUTANT_CLOSE_BEFORE_JOURNAL
		if
		:: fence == mine -> closed = true; lease = NONE; prune()
		:: else
		fi;
		goto lateTerminal
#else
		if
		:: slot[pos] == 0 -> writeSlot(); terminalAt = pos; goto close
		:: slot[pos] > mine -> forget(); goto end_idle
		:: slot[pos] != 0 && slot[pos] <= mine -> pos = 0; goto load
		fi
#endif
	};

#ifdef MUTANT_CLOSE_BEFORE_JOURNAL
lateTerminal:
	atomic {
		if
		:: mayCrash -> troubles++; forget(); goto end_idle
		:: slot[pos] == 0 -> writeSlot(); terminalAt = pos; goto close
		:: slot[pos] != 0 -> forget(); goto end_idle
		fi
	};
#endif

suspend:
#ifdef MUTANT_DELETE_BEFORE_SUSPEND
	atomic { messages = messages & ~(1 << n) };
#endif
	atomic {
		if
		:: mayCrash -> troubles++; forget(); goto end_idle
#ifdef MUTANT_SUSPEND_IGNORES_WAKE
		:: !closed && holdsLease -> suspended(wake); goto end_idle
#elif defined(MUTANT_SUSPEND_IGNORES_FENCE)
		:: !closed && wake == seen -> suspended(seen); goto end_idle
		:: !closed && wake != seen -> forget(); goto end_idle
#else
		:: !closed && holdsLease && wake == seen -> suspended(seen); goto end_idle
		:: !closed && !holdsLease -> forget(); goto end_idle
		/* W1: a cause that was not seen */
		:: !closed && holdsLease && wake != seen -> noticed = wake; goto work
#endif
		:: closed -> forget(); goto end_idle
		fi
	};

handOff:
	/* W2: the message first, then the lease is dropped */
#ifndef MUTANT_HAND_OFF_AFTER
	atomic {
		if
		:: mayCrash -> troubles++; forget(); goto end_idle
		:: send(seen + 1)
		fi
	};
#endif
	atomic {
		if
		:: mayCrash -> troubles++; forget(); goto end_idle
		:: !closed && holdsLease && wake == seen ->
#ifdef MUTANT_HAND_OFF_AFTER
			noticed = seen; lease = NONE; handled = seen; wake = seen + 1; prune()
#else
			suspended(seen + 1); goto end_idle
#endif
		:: !closed && holdsLease && wake != seen -> noticed = wake; goto work
		:: closed || !holdsLease -> forget(); goto end_idle
		fi
	};
#ifdef MUTANT_HAND_OFF_AFTER
	atomic {
		if
		:: mayCrash -> troubles++; forget(); goto end_idle
		:: send(seen + 1); forget(); goto end_idle
		fi
	};
#endif

close:
	/* closeRule asks for the fence alone; whoever is refused leaves the message to come back */
	atomic {
		if
		:: mayCrash -> troubles++
		:: fence == mine -> closed = true; lease = NONE; prune()
		:: fence != mine
		fi;
		forget();
		goto end_idle
	}
}

/* Nothing moves any more. */
active proctype Quiet() {
	timeout;
	d_step {
		/*
		 * Without a signal the run waits for it, in order. (Where its deadline has ended it, that has a timer, and
		 * timers are timer.pml's.) A caller without an answer has been promised nothing.
		 */
		check(NOT_LOST, closed || (isSilent && created && fence != 0 && lease == NONE && (wake == handled || terminalAt != 0)) || (hasGivenUp && slot[SIGNAL] == 0));
		check(J4, !closed || terminalAt != 0)
	}
}
