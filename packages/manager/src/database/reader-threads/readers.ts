import { PatchError } from '@linux-patch/contract';
import { type Reader, type ReaderOptions, startReader } from './reader.ts';

/** Two, so that a question about the whole fleet keeps no other waiting; each is a core that works. */
const READERS = 2;
/** Questions that wait beyond these are refused; each holds a request. */
const MAX_WAITING = 1_000;

/** The threads that read one database. Each is started when it is needed first. */
export interface Readers {
  /**
   * Waits for a reader that nobody uses.
   * @throws PatchError `SERVICE_UNHEALTHY` when a thousand wait already, or when the database is closed
   */
  take(): Promise<Reader>;
  /** Gives it back; one that has ended is replaced. */
  giveBack(reader: Reader): void;
  /** Refuses who waits, and waits for what is under way. */
  close(): Promise<void>;
}

export function createReaders(options: ReaderOptions): Readers {
  const idle: Reader[] = [];
  const inUse = new Set<Reader>();
  const waiting: PromiseWithResolvers<Reader>[] = [];
  let isClosed = false;
  const next = (): Reader => {
    const reader = idle.pop() ?? startReader(options);
    if (!reader.isAlive()) return next();
    inUse.add(reader);
    return reader;
  };
  return {
    async take() {
      if (isClosed) throw closed();
      if (inUse.size < READERS) return next();
      if (waiting.length >= MAX_WAITING) throw tooMany();
      const turn = Promise.withResolvers<Reader>();
      waiting.push(turn);
      return turn.promise;
    },
    giveBack(reader) {
      inUse.delete(reader);
      idle.push(reader);
      if (waiting.length > 0 && !isClosed) waiting.shift()?.resolve(next());
    },
    async close() {
      isClosed = true;
      for (const turn of waiting.splice(0)) turn.reject(closed());
      await Promise.all([...idle, ...inUse].map((reader) => reader.close()));
    },
  };
}

function closed(): PatchError {
  return new PatchError('SERVICE_UNHEALTHY', 'The manager stops; ask again when it runs.');
}

function tooMany(): PatchError {
  return new PatchError(
    'SERVICE_UNHEALTHY',
    `More than ${MAX_WAITING} questions wait for the database. Nothing was changed; ask again later, and look at who asks so much: the log names each request.`,
  );
}
