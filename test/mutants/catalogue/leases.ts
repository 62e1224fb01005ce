// Keeping a lease and its message while work goes on (lib/engine/lease.ts).
import type { Area } from "../mutant.ts";

const file = "lib/engine/lease.ts";
const TAKEOVER = ["test/engine/lease.test.ts", "test/engine/lease-takeover.test.ts"];

export const leases: Area = [
  {
    name: "a lease is never renewed",
    invariant: "J1",
    why: "whatever takes longer than a lease is done twice",
    file,
    find: "void renewUntil(stop.signal, options);",
    replace: "void renewUntil;",
    noticedIn: TAKEOVER,
  },
  {
    name: "a renewal that is refused goes unnoticed",
    invariant: "J2",
    why: "the steps of an owner that was replaced work on, and are not told",
    file,
    find: "if (!(await options.renew(until))) return options.onLost();",
    replace: "await options.renew(until);",
    noticedIn: TAKEOVER,
  },
  {
    name: "an owner cut off from the store believes in its lease for ever",
    invariant: "J2",
    why: "its steps go on beside those of its successor, and are not told",
    file,
    find: "if (clock.now() >= leaseUntil) return options.onLost();",
    replace: "",
    noticedIn: TAKEOVER,
  },
  {
    name: "the lease is renewed and its message is not",
    invariant: "W2",
    why: "the message of each long activation comes back while it works, again and again",
    file,
    find: "await options.extend(settings.visibilityMs);",
    replace: "",
    noticedIn: TAKEOVER,
  },
];
