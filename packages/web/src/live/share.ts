import { type Heard, listen } from './listen.ts';

const NAME = 'linux-patch-hints';

/**
 * Hears hints until told to stop. Of all tabs of a browser that are in sight one has the stream and passes on what it
 * hears: HTTP/1.1 gives all of them together six connections.
 * @returns what stops it
 */
export function shareHints(hear: (heard: Heard) => void): () => void {
  const channel = new BroadcastChannel(NAME);
  const leaving = new AbortController();
  const { signal } = leaving;
  let last: string | undefined;
  const take = (heard: Heard): void => {
    // What the other tab heard before this one listened is not known.
    const isFirst = last === undefined && heard !== 'lost';
    if (heard !== 'lost') last = heard.id;
    hear(isFirst ? { ...heard, changed: ['all'] } : heard);
  };
  channel.addEventListener('message', ({ data }: MessageEvent<Heard>) => take(data));
  const lead = (): Promise<void> => {
    const stop = listen(last, (heard) => {
      take(heard);
      channel.postMessage(heard);
    });
    return new Promise((resolve) => {
      signal.addEventListener('abort', () => {
        stop();
        resolve();
      });
    });
  };
  // It is refused when this tab leaves before its turn.
  navigator.locks.request(NAME, { signal }, lead).catch(() => {});
  return () => {
    leaving.abort();
    channel.close();
  };
}
