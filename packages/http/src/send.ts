import type { ServerResponse } from 'node:http';
import type { Clock } from '@linux-patch/runtime';

const PIECE_BYTES = 64 * 1024;

/** A whole body in pieces, between which a caller that does not read can be noticed. */
export function* pieces(bytes: Uint8Array): Generator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += PIECE_BYTES) yield bytes.subarray(from, from + PIECE_BYTES);
}

/** Sends what comes, as fast as the caller reads; one that takes nothing for `stalledMs` is given up. */
export async function send(
  { clock, stalledMs }: { readonly clock: Clock; readonly stalledMs: number },
  body: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  outgoing: ServerResponse,
): Promise<void> {
  const closed = new Promise<void>((resolve) => outgoing.once('close', () => resolve()));
  for await (const piece of body) {
    if (!outgoing.write(piece)) {
      const over = new AbortController();
      const drained = new Promise<void>((resolve) => outgoing.once('drain', () => resolve()));
      const late = clock.sleep(stalledMs, over.signal).then(
        () => outgoing.destroy(),
        () => undefined,
      );
      await Promise.race([drained, closed, late]);
      over.abort();
    }
    // The caller hung up in the middle; nobody is left to tell.
    if (outgoing.destroyed) return;
  }
  // What is left is in Node's hands, whose timer starts again once when a part of it was sent.
  outgoing.socket?.setTimeout(stalledMs / 2);
  outgoing.end();
}
