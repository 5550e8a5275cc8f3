import { PatchError } from '@linux-patch/contract';
import type { Logger, Thread, Threads } from '@linux-patch/runtime';
import { READER_THREAD } from '../../threads/names.ts';
import { onDisk } from '../sqlite.ts';
import type { ReadAnswer, ReaderData, ReadQuestion } from './messages.ts';

/** A thread with a connection of its own, which answers one question at a time. */
export interface Reader {
  readonly isAlive: () => boolean;
  /** @throws PatchError `DISK_FULL`; `SERVICE_UNHEALTHY` when the thread ends before it answers; else what SQLite said */
  readonly ask: (question: ReadQuestion) => Promise<readonly unknown[]>;
  /** Waits for the question under way, and ends the thread. */
  readonly close: () => Promise<void>;
}

export interface ReaderOptions {
  /** The database file. */
  readonly path: string;
  readonly threads: Threads;
  readonly logger: Logger;
}

export function startReader({ path, threads, logger }: ReaderOptions): Reader {
  let asked: PromiseWithResolvers<ReadAnswer> | undefined;
  let isAlive = true;
  let isClosing = false;
  const thread: Thread = threads.start(READER_THREAD, { path } satisfies ReaderData, (answer) =>
    asked?.resolve(answer as ReadAnswer),
  );
  const gone = thread.ended.then((error) => {
    isAlive = false;
    if (!isClosing)
      logger.error('A thread that reads the database ended; the next question starts another one', { error });
    asked?.reject(ended(error));
  });
  return {
    isAlive: () => isAlive,
    async ask(question) {
      if (!isAlive) throw ended(undefined);
      const answer = Promise.withResolvers<ReadAnswer>();
      asked = answer;
      thread.post(question);
      return rowsOf(path, await answer.promise);
    },
    async close() {
      isClosing = true;
      await asked?.promise.catch(() => {});
      await thread.end();
      await gone;
    },
  };
}

function ended(cause: unknown): PatchError {
  return new PatchError(
    'SERVICE_UNHEALTHY',
    'The thread that reads the database ended before it had answered. Nothing was changed, and another one takes its place: ask again. The log says why.',
    { cause },
  );
}

function rowsOf(path: string, answer: ReadAnswer): readonly unknown[] {
  if ('rows' in answer) return answer.rows;
  return onDisk(path, () => {
    throw Object.assign(new Error(answer.message), { errcode: answer.errcode });
  });
}
