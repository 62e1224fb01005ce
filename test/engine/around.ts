// Something that happens just before or after one of an engine's calls to its store.
import type { Lab } from "./lab.ts";

interface Around {
  readonly before?: () => Promise<void>;
  readonly after?: () => Promise<void>;
}

/** The lab's engine, where something happens before or after a call of its store. */
export function around(lab: Lab, port: "runs" | "journal", method: string, { before, after }: Around) {
  const { store } = lab.ports;
  const proxied = new Proxy(store[port], {
    get(target, key) {
      const call = Reflect.get(target, key, target) as (...args: unknown[]) => Promise<unknown>;
      if (key !== method) return call.bind(target);
      return async (...args: unknown[]) => {
        await before?.();
        const answer = await Reflect.apply(call, target, args);
        await after?.();
        return answer;
      };
    },
  });
  const parts = { ...store, [port]: proxied };
  return { ...lab.engine, ports: { ...lab.ports, store: parts } };
}
