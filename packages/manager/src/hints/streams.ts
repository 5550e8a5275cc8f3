import { PatchError } from '@linux-patch/contract';

/** Streams at once of one session or token: of a person's windows, or a program's parts. */
const EACH = 8;
/** Streams at once in all, some KiB of memory each. */
const IN_ALL = 1_000;

/** An open stream. */
interface Place extends Disposable {
  /** Aborts when a newer stream of the same caller needs the place. */
  readonly replaced: AbortSignal;
}

/** Counts open streams, so that neither one caller nor all of them together take more than there is. */
export interface Streams {
  /**
   * Takes a place for a stream of this caller; its oldest one makes room, which may be of a connection that is long dead.
   * @throws PatchError `RATE_LIMIT_EXCEEDED` when every place is taken
   */
  take(caller: string): Place;
}

export function createStreams(): Streams {
  /** By caller, the oldest first. */
  const open = new Map<string, Set<AbortController>>();
  let count = 0;
  return {
    take(caller) {
      const own = open.get(caller) ?? new Set();
      const oldest = own.size < EACH ? undefined : own.values().next().value;
      if (!oldest && count >= IN_ALL) {
        throw new PatchError(
          'RATE_LIMIT_EXCEEDED',
          `${IN_ALL} streams of hints are open, and there are no more; ask for what you want to know from time to time instead.`,
          { details: { retry_after_seconds: 60 } },
        );
      }
      const place = new AbortController();
      const leave = (which: AbortController): void => {
        if (!own.delete(which)) return;
        count -= 1;
        if (own.size === 0) open.delete(caller);
      };
      if (oldest) {
        leave(oldest);
        oldest.abort();
      }
      open.set(caller, own.add(place));
      count += 1;
      return { replaced: place.signal, [Symbol.dispose]: () => leave(place) };
    },
  };
}
