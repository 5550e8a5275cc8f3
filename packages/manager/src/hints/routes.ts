import { MANAGER_ADMIN_ROUTES } from '@linux-patch/contract';
import { answerWith } from '@linux-patch/http';
import type { Clock } from '@linux-patch/runtime';
import type { Routes } from '../http/routes.ts';
import type { Hints } from './hints.ts';
import { hintStream } from './stream.ts';
import { createStreams } from './streams.ts';

/** Serves hints as server-sent events. */
export function serveHintRoutes(
  routes: Routes,
  sources: { readonly hints: Hints; readonly clock: Clock },
): void {
  const streams = createStreams();
  routes.serveBare(MANAGER_ADMIN_ROUTES.events, ({ actor, request, query }) => {
    const place = streams.take(actor.own?.session.id ?? actor.name);
    const { signal: gone } = request;
    const leave = (): void => place[Symbol.dispose]();
    // Also of an answer that nobody began to send.
    gone.addEventListener('abort', leave, { once: true });
    if (gone.aborted) leave();
    // What a browser saw last is newer than what the address says.
    const after = request.header('last-event-id') ?? query.after;
    const events = hintStream(sources, { actor, after, replaced: place.replaced, gone });
    return answerWith(leavingAfter(events, leave), {
      headers: {
        'Content-Type': 'text/event-stream',
        // The connection carries nothing after it.
        Connection: 'close',
        // Proxies that collect answers would keep hints to themselves.
        'X-Accel-Buffering': 'no',
      },
    });
  });
}

async function* leavingAfter(
  events: AsyncIterable<Uint8Array>,
  leave: () => void,
): AsyncGenerator<Uint8Array> {
  try {
    yield* events;
  } finally {
    leave();
  }
}
