import { PatchError } from '@linux-patch/contract';
import type { Logger, Threads } from '@linux-patch/runtime';
import type { Kysely } from 'kysely';
import type { ManagerTables } from '../../database/schema.ts';
import { type IndexThread, startIndexThread } from './index-thread.ts';
import type { SetAnswer, SetAnswers, SetQuestion } from './messages.ts';
import type { HostSet } from './sets.ts';

/** Answers which hosts have what, from memory and in a thread of its own. It follows what is committed, and is read anew at a start. */
export interface SetIndex extends AsyncDisposable {
  /** Tells it of a set that was committed. */
  put(set: HostSet): void;
  /** Tells it that a host's record was removed. */
  forget(hostId: string): void;
  /**
   * Every answer reflects what it was told of before.
   * @param signal aborts when nobody waits for the answer any more
   * @throws PatchError `SERVICE_UNHEALTHY` when its thread ends before it answers; the next question starts another one
   */
  ask<K extends SetQuestion['kind']>(
    question: Extract<SetQuestion, { readonly kind: K }>,
    signal: AbortSignal | undefined,
  ): Promise<SetAnswer<SetAnswers[K]>>;
}

export interface SetIndexOptions {
  readonly reads: Kysely<ManagerTables>;
  readonly threads: Threads;
  readonly logger: Logger;
}

/** So many sets are read at once: 300 kB. */
const SETS_TOGETHER = 200;

/** Opens the index; it is read in the background. */
export function openSetIndex(options: SetIndexOptions): SetIndex {
  const { logger } = options;
  const closing = new AbortController();
  let running: { readonly thread: IndexThread; readonly loaded: Promise<void> } | undefined;
  const start = () => {
    if (closing.signal.aborted) throw closed();
    if (running?.thread.isAlive()) return running;
    const thread = startIndexThread(options);
    const loaded = load(options, thread, closing.signal);
    const started = { thread, loaded };
    running = started;
    loaded.catch((error: unknown) => {
      if (running === started) running = undefined;
      if (!closing.signal.aborted)
        logger.error('What hosts have installed could not be read; the next question tries it again', {
          error,
        });
      void thread.close();
    });
    return started;
  };
  start();
  return {
    put: (set) => running?.thread.tell({ kind: 'put', sets: [set] }),
    forget: (hostId) => running?.thread.tell({ kind: 'forget', hostId }),
    async ask(question, signal) {
      const { thread, loaded } = start();
      await unlessAborted(loaded, signal);
      return (await unlessAborted(thread.ask(question), signal)) as SetAnswer<never>;
    },
    async [Symbol.asyncDispose]() {
      closing.abort(closed());
      await running?.loaded.catch(() => {});
      await running?.thread.close();
    },
  };
}

/** Tells the thread of every set. What is committed meanwhile it is told of as well; the newer one of a host counts. */
async function load({ reads }: SetIndexOptions, thread: IndexThread, signal: AbortSignal): Promise<void> {
  for (let after = ''; ; ) {
    const rows = await reads
      .selectFrom('package_sets')
      .select(['host_id', 'rev', 'ids'])
      .where('host_id', '>', after)
      .where('ids', 'is not', null)
      .orderBy('host_id')
      .limit(SETS_TOGETHER)
      .execute({ signal });
    const sets = rows.flatMap(({ host_id: hostId, rev, ids }) =>
      ids === null ? [] : [{ hostId, rev, ids }],
    );
    thread.tell({ kind: 'put', sets });
    const last = rows.at(-1);
    if (!last || rows.length < SETS_TOGETHER) return;
    after = last.host_id;
  }
}

/** @throws the reason of the signal as soon as it aborts */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const giveUp = (): void => reject(signal.reason as Error);
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

function closed(): PatchError {
  return new PatchError('SERVICE_UNHEALTHY', 'The manager stops; ask again when it runs.');
}
