import { MemoryStore } from "../../lib/local/memory-store.ts";
import { describeStore } from "../conformance/store.ts";

describeStore("memory store", () => ({ store: new MemoryStore(), wait: async () => {} }));
