import type { Hint } from '@linux-patch/contract';
import { addressOf } from '../api/call.ts';

/** What is heard: a hint with its id, or that the stream is lost. */
export type Heard = { readonly id: string; readonly changed: Hint['changed'] } | 'lost';

/** The browser tries again by itself, and is back sooner than this after a stream that ended in its time. */
const LOST_MS = 10_000;
/** After a refusal. */
const AGAIN_MS = 60_000;
/** The manager ends each stream sooner than this; one that is silent for longer is dead. */
const SILENT_MS = 660_000;

/**
 * Listens for hints until told to stop.
 * @param after the last hint that was seen
 * @returns what stops it
 */
export function listen(after: string | undefined, hear: (heard: Heard) => void): () => void {
  let last = after;
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isBroken = false;
  const wait = (ms: number, then: () => void): void => {
    clearTimeout(timer);
    timer = setTimeout(then, ms);
  };
  const leave = (): void => {
    clearTimeout(timer);
    source?.close();
  };
  const comeAgain = (): void => {
    leave();
    hear('lost');
    wait(AGAIN_MS, open);
  };
  const open = (): void => {
    leave();
    isBroken = false;
    source = new EventSource(addressOf('events', { query: { after: last } }));
    wait(SILENT_MS, open);
    source.addEventListener('hint', ({ data, lastEventId }: MessageEvent<string>) => {
      last = lastEventId;
      isBroken = false;
      wait(SILENT_MS, open);
      hear({ id: lastEventId, ...(JSON.parse(data) as Hint) });
    });
    source.addEventListener('over', comeAgain);
    source.addEventListener('error', () => {
      if (source?.readyState === EventSource.CLOSED) comeAgain();
      else if (!isBroken) wait(LOST_MS, () => hear('lost'));
      isBroken = true;
    });
  };
  open();
  return leave;
}
