// Notes each call of a port that may write, and passes it on. So a test can say that a refused request wrote nothing.

const READS = new Set([
  "get",
  "load",
  "page",
  "last",
  "facts",
  "fact",
  "retired",
  "note",
  "list",
  "due",
  "receive",
  "nextVisibleAt",
  "onSend",
]);

export function recordWrites<Port extends object>(port: Port, writes: string[]): Port {
  return new Proxy(port, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key, target);
      if (typeof member !== "function") return member;
      return (...args: unknown[]): unknown => {
        if (!READS.has(String(key))) writes.push(String(key));
        return Reflect.apply(member, target, args);
      };
    },
  });
}
