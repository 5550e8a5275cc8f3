import type { Thread, Threads } from '@linux-patch/runtime';
import { managerThreads } from './manager-threads.ts';

/** Real threads, whose answers can be kept back. */
export function heldThreads() {
  const started: (Thread & { readonly name: string })[] = [];
  let gate = Promise.resolve();
  const threads: Threads = {
    start(name, data, onMessage) {
      const thread = managerThreads.start(name, data, (message) => void gate.then(() => onMessage(message)));
      started.push({ ...thread, name });
      return thread;
    },
  };
  const hold = () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    gate = promise;
    return resolve;
  };
  return { threads, started, hold };
}
