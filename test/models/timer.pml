/*
 * Timers: near ones (a delayed message) and far ones (a schedule, fired early on purpose and converted), that fire late,
 * twice or never; re-armed, left standing and disarmed by owners that live, die or go on too long. The clock ticks
 * whenever it likes, and the sweeper looks only after something was lost: before that, nothing needs it.
 *
 * One transition is one request. README.md beside this file says which code each process stands for, what is left out
 * and why it may be.
 *
 * The workflow: a signal with a timeout, a sleep, the end.
 */
#ifndef WORKERS
#define WORKERS 2
#endif
#ifndef TROUBLES
#define TROUBLES 1       /* in all: deaths, zombies, things lost, things that come twice or early */
#endif
#define MAX_NOW 4
#define SLEEP_UNTIL 4
#define LONG_TIMER 1     /* settings.longTimerMs: waits longer than this are far */
#define LEAD 1           /* settings.scheduleLeadMs */
#define MAX_N 14
#define MAX_NAMES 14
#define LAST 3

#define NONE 0
#define LIVE 1
#define EXPIRED 2

/* Waits are 1 (the signal's timeout) and 2 (the sleep); dueAt says when each is over. */
byte now, dueAt[3];
/* META */
bool closed;
byte fence, wake = 1, handled, lease;
byte nextFor;            /* the wait that nextWakeAt is about, 0: none */
byte timer, timerFor;    /* the armed timer's name and wait, 0: none */
/* The partition: the wait's results and the end */
byte slot[LAST + 1];
bool fact;
/* The queue: bit n is a message numbered n, by now visible, or delayed until a wait is over; and fired timers' messages. */
short messages = 2;
short delayed[3];
bool fired[3];
/* The schedules of each wait: bit i is the schedule armed under fence i. */
short armed[3];

byte troubles;
bool isOwnerAlive, isFirstBusy, isAnythingLost;
/* The converter's: what it has taken, and the number that it has raised `wake` to. */
byte converting, raisedTo;
bool T1 = true, C1 = true, J2 = true, W3 = true, NOT_LOST = true, IN_BOUNDS = true;

#define check(name, condition) name = (condition); assert(name)
#define bit(n) (1 << (n))
#define unhandled (-1 << (handled + 1))
#define has(n) ((messages >> (n)) & 1)
#define all (messages | delayed[1] | delayed[2])
#define isArmed(wait, name) ((armed[wait] >> (name)) & 1)
#define holdsLease (mine == fence && lease != NONE)
#define isTroubled (troubles < TROUBLES)
#define mayCrash (isTroubled && mine == fence)
#define isFirst (_pid == 0)
#define mayStart (!closed && lease != LIVE && (isFirst || isFirstBusy))
#ifdef MUTANT_TRUSTS_MESSAGE
#define isDue true
#else
#define isDue (now >= dueAt[pos])
#endif

/* W2. What may be deleted has no other effect, so it is deleted at once. */
inline prune() {
	if
	:: closed -> messages = 0; delayed[1] = 0; delayed[2] = 0; fired[1] = false; fired[2] = false
	:: else -> messages = messages & unhandled; delayed[1] = delayed[1] & unhandled; delayed[2] = delayed[2] & unhandled
	fi
}

/* wait 0: at once. Of two messages with one number, the one that shows first may do all that the other may. */
inline send(n, wait) {
	check(IN_BOUNDS, (n) < MAX_N);
	if
	:: wait == 0 || now >= dueAt[wait] -> messages = messages | bit(n)
	:: else -> delayed[wait] = delayed[wait] | bit(n)
	fi;
	prune()
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
	mine = 0; seen = 0; pos = 0; hasFact = false; mineTimer = 0; mineTimerFor = 0; plan = 0; newWake = 0; old = 0
}

inline append() {
	check(C1, slot[LAST] == 0);
	check(J2, pos == 1 || slot[pos - 1] <= mine);
	slot[pos] = mine; pos++
}

inline claim(ahead) {
	fence++; mine = fence; lease = LIVE; isOwnerAlive = true;
	if
	:: isFirst -> isFirstBusy = true
	:: else
	fi;
	wake = wake + ahead; seen = wake;
	mineTimer = timer; mineTimerFor = timerFor
}

/* What wakes a run that has just been suspended for a wait (W3). */
#define hasWakeSource ((all & unhandled) != 0 || isArmed(nextFor, timer) || fired[nextFor] || converting == nextFor)

active [WORKERS] proctype Worker() {
	byte mine, seen, pos, mineTimer, mineTimerFor, plan, newWake, old;
	bool hasFact;
end_idle:
	if
	:: atomic { mayStart && (messages & (bit(wake + 1) - 1)) != 0 -> claim(0) }
	:: atomic { mayStart && has(wake + 1) -> claim(1) }
	fi;

load:
	atomic {
		if
		:: mayCrash -> troubles++; forget(); goto end_idle
		:: true
		fi;
		hasFact = fact;
		pos = 1;
		do
		:: pos <= LAST && slot[pos] != 0 -> pos++
		:: else -> break
		od;
		if
		:: pos > 1 && slot[pos - 1] > mine -> forget(); goto end_idle
		:: pos > LAST && slot[LAST] <= mine -> goto close
		:: else
		fi
	};

work:
	atomic {
		if
		:: mayCrash -> troubles++; forget(); goto end_idle
		:: !holdsLease -> forget(); goto end_idle
		:: holdsLease && (wake > seen || lease == EXPIRED) -> lease = LIVE; seen = wake; hasFact = fact; goto work
		:: pos == LAST || (pos == 1 && hasFact) || isDue ->
			if
			:: slot[pos] > mine -> forget(); goto end_idle
			:: slot[pos] != 0 && slot[pos] <= mine -> pos = 0; goto load
			:: slot[pos] == 0 ->
				check(T1, pos == LAST || (pos == 1 && hasFact) || now >= dueAt[pos]);
				append();
				if
				:: pos > LAST -> goto close
				:: else -> goto work
				fi
			fi
		/* blocked: is the time near or far? An armed timer that is still right stays */
		:: pos < LAST && !(pos == 1 && hasFact) && !isDue && dueAt[pos] - now <= LONG_TIMER ->
#ifdef MUTANT_NEAR_NOT_COUNTED
			send(seen, pos);
#elif !defined(MUTANT_SEND_AFTER_SUSPEND)
			send(seen + 1, pos);
#endif
			newWake = seen + 1; plan = 0
		:: pos < LAST && !(pos == 1 && hasFact) && !isDue && dueAt[pos] - now > LONG_TIMER ->
			newWake = seen;
			if
#ifdef MUTANT_KEEPS_ANY_TIMER
			:: mineTimer != 0 -> plan = mineTimer
			:: mineTimer == 0 ->
#else
			:: mineTimerFor == pos -> plan = mineTimer
			:: mineTimerFor != pos ->
#endif
#ifdef MUTANT_NAME_WITHOUT_FENCE
				plan = pos;
#else
				plan = mine;
				check(IN_BOUNDS, mine < MAX_NAMES);
#endif
#ifndef MUTANT_ARM_AFTER_SUSPEND
				armed[pos] = armed[pos] | bit(plan)
#else
				skip
#endif
			fi
		fi
	};

	/* suspend: META names the wake source in the same write (W3) */
	atomic {
		if
		:: mayCrash -> troubles++; forget(); goto end_idle
		:: closed -> old = plan
		:: !closed && !holdsLease ->
			if
			:: plan != timer -> old = plan
			:: else
			fi
		:: !closed && holdsLease && wake != seen ->
#ifdef MUTANT_DISARMS_BLINDLY
			old = plan;
#else
			if
			:: plan != timer -> old = plan
			:: else
			fi;
#endif
			goto disarmAndGoOn
		:: !closed && holdsLease && wake == seen ->
			lease = NONE; handled = seen; wake = newWake;
#ifndef MUTANT_FORGETS_TIME
			nextFor = pos;
#endif
			timer = plan;
			if
			:: plan == 0 -> timerFor = 0
			:: else -> timerFor = pos
			fi;
#if !defined(MUTANT_ARM_AFTER_SUSPEND) && !defined(MUTANT_SEND_AFTER_SUSPEND)
			prune();
			check(W3, nextFor == pos && (isAnythingLost || hasWakeSource));
#else
			goto lateArm;
#endif
			/* a schedule that fires just before it is disarmed has fired just before this */
			if
			:: mineTimer != plan -> armed[1] = armed[1] & ~bit(mineTimer); armed[2] = armed[2] & ~bit(mineTimer)
			:: isTroubled && mineTimer != plan -> troubles++
			:: mineTimer == plan
			fi;
			forget(); goto end_idle
		fi
	};
	goto disarm;
#if defined(MUTANT_ARM_AFTER_SUSPEND) || defined(MUTANT_SEND_AFTER_SUSPEND)
lateArm:
	atomic {
		prune();
		if
		:: mayCrash -> troubles++; forget(); goto end_idle
#ifdef MUTANT_SEND_AFTER_SUSPEND
		:: plan == 0 -> send(newWake, pos)
		:: plan != 0
#else
		:: plan != 0 -> armed[pos] = armed[pos] | bit(plan)
		:: plan == 0
#endif
		fi
	};
#endif

disarm:
	atomic {
		if
		:: armed[1] = armed[1] & ~bit(old); armed[2] = armed[2] & ~bit(old)
		fi;
		forget(); goto end_idle
	};

disarmAndGoOn:
	atomic {
		if
		:: mayCrash -> troubles++; forget(); goto end_idle
		:: armed[1] = armed[1] & ~bit(old); armed[2] = armed[2] & ~bit(old)
		fi;
		old = 0; plan = 0; newWake = 0;
		/* it was told of the cause, and reads the inbox first */
		if
		:: holdsLease -> seen = wake; hasFact = fact
		:: else -> forget(); goto end_idle
		fi
	};
	goto work;

close:
	atomic {
		if
		:: mayCrash -> troubles++; forget(); goto end_idle
		:: fence == mine -> closed = true; lease = NONE; timer = 0; timerFor = 0; nextFor = 0; armed[1] = 0; armed[2] = 0; prune(); forget(); goto end_idle
		:: fence != mine -> forget(); goto end_idle
		fi
	}
}

/* A wait is far or near, and the clock ticks whenever it likes. */
active proctype Time() {
	if
	:: dueAt[1] = 1
	:: dueAt[1] = 2
	fi;
	dueAt[2] = SLEEP_UNTIL;
end_time:
	do
	:: atomic {
		now < MAX_NOW && !closed -> now++;
		if
		:: now >= dueAt[1] -> messages = messages | delayed[1]; delayed[1] = 0
		:: else
		fi;
		if
		:: now >= dueAt[2] -> messages = messages | delayed[2]; delayed[2] = 0
		:: else
		fi
	   }
	od
}

active proctype Expiry() {
end_expiry:
	do
	:: d_step { lease == LIVE && !isOwnerAlive && !closed -> lease = EXPIRED }
	:: d_step { lease == LIVE && isOwnerAlive && !closed && isTroubled -> troubles++; lease = EXPIRED }
	od
}

#define mayFire(wait) (armed[wait] != 0 && !closed && now + LEAD >= dueAt[wait])

inline dropOne(wait) {
	if
	:: wait == timerFor && isArmed(wait, timer) -> armed[wait] = armed[wait] & ~bit(timer)
	:: armed[wait] = armed[wait] & (armed[wait] - 1)
	fi
}

/* Once, twice, or never; and a delayed message that shows early. Messages are lost too. */
active proctype Scheduler() {
	byte wait;
end_scheduler:
	do
	:: atomic {
		if
		:: mayFire(1) -> wait = 1
		:: mayFire(2) -> wait = 2
		fi;
		if
		:: fired[wait] = true; dropOne(wait)
		:: isTroubled && !fired[wait] -> troubles++; fired[wait] = true
		:: isTroubled -> troubles++; isAnythingLost = true; dropOne(wait)
		fi;
		wait = 0
	   }
	:: atomic { isTroubled && all != 0 && !closed -> troubles++; isAnythingLost = true; messages = 0; delayed[1] = 0; delayed[2] = 0 }
	:: atomic { isTroubled && (delayed[1] | delayed[2]) != 0 && !closed -> troubles++; messages = all; delayed[1] = 0; delayed[2] = 0 }
	od
}

/* The message of a fired timer stays until it is converted (J4), so a converter that dies begins again. */
active proctype Converter() {
end_converter:
	do
	:: atomic {
		if
		:: fired[1] -> converting = 1
		:: fired[2] -> converting = 2
		fi;
#ifdef MUTANT_DOES_NOT_RAISE
		raisedTo = wake
#else
		wake++; raisedTo = wake
#endif
#ifdef MUTANT_CONVERTER_DELETES_FIRST
		; fired[converting] = false
#endif
	   };
	   atomic {
		if
		:: isTroubled && !closed -> troubles++
		:: closed
		:: !closed -> send(raisedTo, converting); fired[converting] = false
		fi;
		converting = 0; raisedTo = 0
	   }
	od
}

active proctype Signaller() {
	byte n; bool isLeased;
	if
	:: fact = true
	:: goto out
	fi;
	atomic {
		if
		:: closed -> goto out
		:: !closed -> wake++; n = wake
		fi;
		if
		:: lease != NONE -> isLeased = true
		:: lease != LIVE -> isLeased = false
		fi
	};
	atomic {
		if
		:: !isLeased && !closed -> send(n, 0)
		:: isLeased || closed
		fi;
		n = 0; isLeased = false
	};
out:
	skip
}

#define own (nextFor != 0 && timer == 0 -> 1 : 0)
#define mayLook (isAnythingLost && !closed && lease != LIVE)
#define isNextDue (nextFor != 0 && now >= dueAt[nextFor])
#ifdef MUTANT_SWEEPS_ONLY_COUNTED
#define mustResend (wake > handled + own)
#define mustWake false
#else
#define mustResend (wake > handled + own || (isNextDue && wake > handled))
#define mustWake (isNextDue && wake == handled)
#endif

/* It may look at any time; what it sends is left out where it is in the queue already. */
active proctype Sweeper() {
	byte n;
end_sweeper:
#ifdef MUTANT_NO_SWEEPER
	false;
#endif
	do
	:: atomic { mayLook && mustResend && !has(wake) -> n = wake };
	   atomic { send(n, 0); n = 0 }
	:: atomic { mayLook && !mustResend && mustWake -> wake++; n = wake };
	   atomic { send(n, 0); n = 0 }
	od
}

active proctype Quiet() {
	timeout;
	d_step { check(NOT_LOST, closed) }
}
