/*
 * Hand-off, messages that were delivered too often, poison and revival: every delivery is counted, also one that meets a
 * lease, and who is delivered too often becomes a dead letter.
 *
 * One transition is one request, as in the code:
 *   Queue        lib/cdk/work-queue.ts       maxReceiveCount: the next delivery would be one too many
 *   Worker       lib/engine/activate.ts      claim (fails + 1), load, poison.ts on what was loaded
 *                lib/engine/leave.ts         hand off: send first, then suspend (fails = 0); stall; close
 *   DeadLetters  lib/engine/dead-letter.ts   read the run, read the last checkpoint, judge, then send or stall (stallRule)
 *   Person       lib/engine/revive-run.ts    mends the code, revives, sends; sends again when that had died between
 *
 * The workflow: two steps and the end, handed off after any of them; the first step may be poison, which kills every
 * process that runs it until a person mends it. README.md beside this file says what is left out and why it may be.
 */
#ifndef WORKERS
#define WORKERS 2
#endif
#ifndef TROUBLES
#define TROUBLES 1       /* deaths, zombies, faults: what is not the workflow's own poison */
#endif
#define MAX_FAILS 3      /* above TROUBLES, so that only poison is taken for poison */
#define MAX_DEAD_ROUNDS 3
#define MAX_RECEIVES 2
#define REVIVALS 1
#define LAST 3
#define MESSAGES 5
#define MAX_N 14

#define NONE 0
#define LIVE 1
#define EXPIRED 2

/* META */
bool closed, stalled;
byte fence, wake = 1, handled, lease, fails;
/* The journal: entries, and the fence of the last */
byte length, lastFence;
/* Messages: number (0: none), deliveries, whether it is a dead letter, and what dead rounds have written on it */
byte number[MESSAGES], receives[MESSAGES], deaths[MESSAGES], deathFence[MESSAGES];
bool isDead[MESSAGES];

byte troubles, revivals, crossings;
bool isPoison, isOwnerAlive, isFirstBusy;
bool C1 = true, J2 = true, W2 = true, S1 = true, NOT_LOST = true, NO_FALSE_STALL = true, IN_BOUNDS = true;

#define check(name, condition) name = (condition); assert(name)
#define isOpen (!closed && !stalled)
#define holdsLease (mine == fence && lease != NONE && !closed && !stalled)
#define isTroubled (troubles < TROUBLES)
#define mayCrash (isTroubled && mine == fence)
#define isFirst (_pid == 0)
#define looksPoison(f, last) (fails > MAX_FAILS && (f) - (last) > MAX_FAILS)

/* W2. Closed or handled: what may be deleted has no other effect, so it is deleted at once. (Stalled runs are revived.) */
inline prune() {
	i = 0;
	do
	:: i < MESSAGES ->
		if
		:: number[i] != 0 && (closed || number[i] <= handled) ->
			number[i] = 0; receives[i] = 0; deaths[i] = 0; deathFence[i] = 0; isDead[i] = false
		:: else
		fi;
		i++
	:: else -> break
	od;
	i = 0
}

inline send(sentNumber, sentDeaths, sentFence) {
	check(IN_BOUNDS, sentNumber <= MAX_N);
	i = 0;
	do
	:: i < MESSAGES && number[i] != 0 -> i++
	:: i < MESSAGES && number[i] == 0 -> number[i] = sentNumber; deaths[i] = sentDeaths; deathFence[i] = sentFence; break
	:: i >= MESSAGES -> check(IN_BOUNDS, false)
	od;
	prune()
}

inline checkW2() {
	i = 0;
	do
	:: i < MESSAGES && number[i] <= handled -> i++
	:: else -> break
	od;
	check(W2, !isOpen || lease == NONE || i < MESSAGES);
	i = 0
}

/* Only a run that got nowhere is given to a person. */
inline stall(isExcused) {
	stalled = true; lease = NONE;
	check(NO_FALSE_STALL, isPoison || isExcused)
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
	mine = 0; seen = 0; pos = 0; hasAppended = false; m = 0
}

inline free(j) {
	number[j] = 0; receives[j] = 0; deaths[j] = 0; deathFence[j] = 0; isDead[j] = false
}

/* A delivery counts, whatever comes of it. */
inline deliver(j) {
	number[j] != 0 && !isDead[j] && (lease == LIVE || isFirst || isFirstBusy);
	if
	:: stalled -> free(j); goto end_idle
	:: !stalled && receives[j] == MAX_RECEIVES -> isDead[j] = true; goto end_idle
	:: !stalled && receives[j] < MAX_RECEIVES ->
		receives[j]++;
		if
		:: lease == LIVE -> goto end_idle
		:: lease != LIVE ->
			fence++; mine = fence; lease = LIVE; fails++; isOwnerAlive = true;
			if
			:: isFirst -> isFirstBusy = true
			:: else
			fi;
			if
			:: number[j] > wake -> wake = number[j]
			:: else
			fi;
			seen = wake;
			checkW2()
		fi
	fi
}

active [WORKERS] proctype Worker() {
	byte mine, seen, pos, m, i;
	bool hasAppended;
end_idle:
	if
	:: atomic { deliver(0) }
	:: atomic { deliver(1) }
	:: atomic { deliver(2) }
	:: atomic { deliver(3) }
	:: atomic { deliver(4) }
	fi;

load:
	atomic {
		if
		:: mayCrash -> troubles++; forget(); goto end_idle
		:: true
		fi;
		pos = length + 1;
		if
		:: lastFence > mine -> forget(); goto end_idle
		:: lastFence <= mine && length == LAST -> goto close
		:: lastFence <= mine && length < LAST && looksPoison(mine, lastFence) ->
			/* by its owner: the fence alone is asked for */
			if
			:: mine == fence && isOpen -> stall(false)
			:: else
			fi;
			forget(); goto end_idle
		:: else
		fi
	};

work:
	atomic {
		if
		:: mayCrash -> troubles++; forget(); goto end_idle
		:: isPoison && pos == 1 -> forget(); goto end_idle
		:: !holdsLease -> forget(); goto end_idle
		:: holdsLease && (wake > seen || lease == EXPIRED) -> lease = LIVE; seen = wake; goto work
		:: isTroubled ->
			troubles++;
			if
			:: holdsLease -> lease = NONE; fails--
			:: else
			fi;
			forget(); goto end_idle
		:: hasAppended && pos < LAST && wake == seen && crossings < 2 -> crossings++; goto handOff
		:: !(isPoison && pos == 1) ->
			if
			:: length < pos ->
				check(C1, length < LAST);
				check(J2, lastFence <= mine);
				length = pos; lastFence = mine; pos++; hasAppended = true;
				if
				:: pos > LAST -> goto close
				:: else -> goto work
				fi
			:: length >= pos && lastFence > mine -> forget(); goto end_idle
			:: length >= pos && lastFence <= mine -> pos = 0; goto load
			fi
		fi
	};

handOff:
#ifndef MUTANT_HAND_OFF_AFTER
	atomic {
		if
		:: mayCrash -> troubles++; forget(); goto end_idle
		:: send(seen + 1, 0, 0)
		fi
	};
#endif
	atomic {
		if
		:: mayCrash -> troubles++; forget(); goto end_idle
		:: holdsLease && wake == seen ->
			lease = NONE; handled = seen; wake = seen + 1;
			fails = 0;
			prune();
#ifndef MUTANT_HAND_OFF_AFTER
			forget(); goto end_idle
#endif
		:: holdsLease && wake != seen -> seen = wake; goto work
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
		:: fence == mine -> closed = true; stalled = false; lease = NONE; prune()
		:: fence != mine
		fi;
		forget(); goto end_idle
	}
}

active proctype Expiry() {
end_expiry:
	do
	:: d_step { lease == LIVE && !isOwnerAlive && isOpen -> lease = EXPIRED }
	:: d_step { lease == LIVE && isOwnerAlive && isOpen && isTroubled -> troubles++; lease = EXPIRED }
	od
}

/* the higher of the two */
#define MAX(a, b) ((a) * ((a) >= (b)) + (b) * ((a) < (b)))

/* Known: a dead letter from before a revival may stall the run once more. With STRICT_REVIVAL the verifier shows how. */
#ifdef STRICT_REVIVAL
#define MAY_STALL_AGAIN false
#else
#define MAY_STALL_AGAIN (revivals > 0)
#endif

active proctype DeadLetters() {
	byte m, n, d, f, readFence, readWake, before, i;
	bool wasLeased, wasPoison;
end_dead:
	atomic {
		if
		:: number[0] != 0 && isDead[0] -> m = 0
		:: number[1] != 0 && isDead[1] -> m = 1
		:: number[2] != 0 && isDead[2] -> m = 2
		:: number[3] != 0 && isDead[3] -> m = 3
		:: number[4] != 0 && isDead[4] -> m = 4
		fi;
		/* what it reads of the run; closed and handled are dropped already */
		if
		:: stalled -> free(m); m = 0; goto end_dead
		:: !stalled
		fi;
		n = number[m]; before = deaths[m]; f = deathFence[m];
		readFence = fence; readWake = wake; wasLeased = (lease == LIVE); wasPoison = fails > MAX_FAILS
	};
#ifdef MUTANT_DROPS_DEAD
	d_step { free(m) };
	goto done;
#endif
	atomic {
		/* the last checkpoint, read after the run */
		if
		:: f != lastFence -> before = 0
		:: else
		fi;
		d = before;
		f = lastFence;
		wasPoison = wasPoison && readFence > f && readFence - f > MAX_FAILS;
		if
		:: wasLeased
		:: !wasLeased && !wasPoison -> d++
		:: !wasLeased && wasPoison -> d = MAX_DEAD_ROUNDS
		fi
	};
#ifdef MUTANT_DELETES_FIRST
	d_step { free(m) };
	if
	:: atomic { isTroubled -> troubles++; goto done }
	:: true
	fi;
#endif
	atomic {
		if
		/* deleted meanwhile: closed, stalled or handled. Its send or stall would change nothing */
		:: number[m] != n || !isDead[m] ->
#ifdef MUTANT_DELETES_FIRST
			if
			:: isOpen && d < MAX_DEAD_ROUNDS -> send(MAX(n, readWake), d, f)
			:: else
			fi
#else
			skip
#endif
		:: number[m] == n && isDead[m] && d < MAX_DEAD_ROUNDS ->
			free(m);
			send(MAX(n, readWake), d, f)
		:: number[m] == n && isDead[m] && d >= MAX_DEAD_ROUNDS ->
			if
#ifdef MUTANT_STALL_IGNORES_LEASE
			:: fence == readFence && isOpen -> check(S1, lease != LIVE); stall(MAY_STALL_AGAIN)
			:: !(fence == readFence && isOpen)
#else
			:: fence == readFence && isOpen && lease != LIVE -> check(S1, lease != LIVE); stall(MAY_STALL_AGAIN)
			:: !(fence == readFence && isOpen && lease != LIVE)
#endif
			fi
		fi
	};
done:
	atomic { m = 0; n = 0; d = 0; f = 0; readFence = 0; readWake = 0; before = 0; wasLeased = false; wasPoison = false; goto end_dead }
}

active proctype Person() {
	byte n, i;
end_person:
	do
	:: atomic {
		stalled && revivals < REVIVALS -> revivals++;
		isPoison = false;
		stalled = false; wake++;
#ifndef MUTANT_REVIVAL_KEEPS_FAILS
		fails = 0;
#endif
		n = wake
	   };
	   atomic {
		if
		:: isOpen -> send(n, 0, 0)
		:: !isOpen
		fi;
		n = 0
	   }
	od
}

init {
	atomic {
		if
		:: isPoison = true
		:: isPoison = false
		fi;
		number[0] = 1
	}
}

active proctype Quiet() {
	timeout;
	d_step { check(NOT_LOST, closed || (stalled && revivals == REVIVALS)) }
}
