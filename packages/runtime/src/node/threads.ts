import { Worker } from 'node:worker_threads';
import type { Thread, Threads } from '../threads.ts';

/**
 * Threads on Node. They see neither the environment nor the options of this program.
 * @param scriptOf the file of a program
 */
export function nodeThreads(scriptOf: (name: string) => string): Threads {
  return {
    start(name, data, onMessage): Thread {
      const worker = new Worker(scriptOf(name), { name, workerData: data, execArgv: [], env: {} });
      let failure: Error | undefined;
      const ended = Promise.withResolvers<Error | undefined>();
      worker.on('message', onMessage);
      worker.on('error', (error) => {
        failure = error instanceof Error ? error : new Error(String(error));
      });
      worker.once('exit', () => ended.resolve(failure));
      return {
        post: (message) => worker.postMessage(message),
        ended: ended.promise,
        async end() {
          await worker.terminate();
        },
      };
    },
  };
}
