import type { Hint, HintTopic } from '@linux-patch/contract';
import type { Clock } from '@linux-patch/runtime';

/** Between two hints, whatever happens. */
const APART_MS = 1_000;
/** Something is sent at least so often, so that no proxy takes a stream for dead. */
export const BEAT_MS = 15_000;

/** A place in the hints, and what a listener has to hear to get there. */
interface News extends Hint {
  /** Resumes after it. */
  readonly id: string;
}

/** What kind of records changed: a count for each topic, however many listen and however much happens. */
export interface Hints {
  /** Something of these was committed. */
  changed(topics: ReadonlySet<HintTopic>): void;
  /**
   * What of these topics was told since an id; undefined is none that counts any more.
   * @param after an id of this process; any other one is of before a restart, after which nobody knows what was missed
   */
  since(after: string | undefined, topics: readonly HintTopic[]): News;
  /** Resolves at the next hint, or when it is time for a sign of life; at once after the end. */
  turn(): Promise<void>;
  /** It is over; listeners have to go. */
  readonly isOver: boolean;
  /** Tells listeners what changed, until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

/** @param options.epoch another one in each process */
export function createHints({ clock, epoch }: { readonly clock: Clock; readonly epoch: string }): Hints {
  /** In which hint each topic was told of last. */
  const toldIn = new Map<HintTopic, number>();
  const fresh = new Set<HintTopic>();
  let count = 0;
  let isOver = false;
  let turn = Promise.withResolvers<void>();
  let nap = new AbortController();
  const wakeListeners = (): void => {
    turn.resolve();
    turn = Promise.withResolvers<void>();
  };
  const tell = (): void => {
    count += 1;
    for (const topic of fresh) toldIn.set(topic, count);
    fresh.clear();
  };
  const countIn = (id: string | undefined): number | undefined => {
    const [of, text = ''] = (id ?? '').split('/');
    const told = /^\d{1,15}$/.test(text) ? Number(text) : Number.POSITIVE_INFINITY;
    return of === epoch && told <= count ? told : undefined;
  };
  return {
    changed(topics) {
      for (const topic of topics) fresh.add(topic);
      if (fresh.size > 0) nap.abort();
    },
    since(after, topics) {
      const seen = countIn(after);
      const id = `${epoch}/${count}`;
      if (seen === undefined) return { id, changed: ['all'] };
      return { id, changed: topics.filter((topic) => (toldIn.get(topic) ?? 0) > seen) };
    },
    turn: () => (isOver ? Promise.resolve() : turn.promise),
    get isOver() {
      return isOver;
    },
    async run(signal) {
      while (!signal.aborted) {
        if (fresh.size === 0) {
          nap = new AbortController();
          await clock.sleep(BEAT_MS, AbortSignal.any([signal, nap.signal])).catch(() => {});
        }
        if (fresh.size > 0) tell();
        wakeListeners();
        await clock.sleep(APART_MS, signal).catch(() => {});
      }
      isOver = true;
      wakeListeners();
    },
  };
}
