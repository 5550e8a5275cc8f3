import { HINT_TOPICS, type Hint, type HintTopic, isPatchError, PatchError } from '@linux-patch/contract';
import type { Clock } from '@linux-patch/runtime';
import { type Rights, reachesAny, reachOf } from '../reach/reach.ts';
import { BEAT_MS, type Hints } from './hints.ts';

/** A stream ends after this: a connection that died unseen holds its place no longer. */
const LIFE_MS = 600_000;
/** How soon a client comes back that lost its stream. */
const RETRY_MS = 3_000;

/** Who listens, and until when. */
export interface Listener {
  readonly actor: Rights & {
    /** Aborts when the session or the token is ended. */
    readonly cut?: AbortSignal;
    /** When it ends by itself, epoch milliseconds. */
    readonly endsAtMs?: number;
  };
  /** The last id that was seen. */
  readonly after: string | undefined;
  /** Aborts when the caller needs the place for a newer stream. */
  readonly replaced: AbortSignal;
  /** Aborts when the caller hung up, or the manager stops. */
  readonly gone: AbortSignal;
}

const TOPICS = Object.keys(HINT_TOPICS) as HintTopic[];

/** Of what somebody hears that it changed: of what they may read of the whole fleet. */
function topicsFor(actor: Rights): HintTopic[] {
  return TOPICS.filter((topic) => reachOf(actor, HINT_TOPICS[topic]) === 'everywhere');
}

/** Of what somebody is told to look again at each sign of life: a change would tell of hosts that are not there for them. */
function topicsInPart(actor: Rights): HintTopic[] {
  return TOPICS.filter((topic) => {
    const reach = reachOf(actor, HINT_TOPICS[topic]);
    return reach !== 'everywhere' && reachesAny(reach);
  });
}

/** Why it is of no use to come back at once; undefined while the stream may go on. */
function whyOver({ actor, replaced }: Listener, nowMs: number): PatchError | undefined {
  const { cut, endsAtMs } = actor;
  if (cut?.aborted && isPatchError(cut.reason)) return cut.reason;
  if (cut?.aborted || (endsAtMs !== undefined && endsAtMs <= nowMs))
    return new PatchError('UNAUTHORIZED', 'The session or the token is over.');
  if (replaced.aborted)
    return new PatchError('RATE_LIMIT_EXCEEDED', 'The same caller opened newer streams than this one.');
  return undefined;
}

function hintFrame(id: string, hint: Hint): string {
  return `id: ${id}\nevent: hint\ndata: ${JSON.stringify(hint)}\n\n`;
}

/**
 * What is sent to a listener: what changed of what they may read. Nothing is kept for one that reads slowly: it hears less
 * often.
 */
export async function* hintStream(
  { hints, clock }: { readonly hints: Hints; readonly clock: Clock },
  listener: Listener,
): AsyncGenerator<Uint8Array> {
  const { actor, replaced, gone } = listener;
  const topics = topicsFor(actor);
  const inPart = topicsInPart(actor);
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  for (const signal of [replaced, gone, ...(actor.cut ? [actor.cut] : [])])
    signal.addEventListener('abort', () => end(), { once: true });
  const endMs = clock.monotonicMs() + LIFE_MS;
  let { after } = listener;
  let sentMs = clock.monotonicMs();
  // The first hint may be empty: it says that one listens, and from where.
  let isDue = true;
  yield Buffer.from(`retry: ${RETRY_MS}\n\n`);
  for (;;) {
    // Before it is looked what there is, so that nothing comes in between.
    const turn = hints.turn();
    if (gone.aborted || hints.isOver || clock.monotonicMs() >= endMs) return;
    const over = whyOver(listener, clock.now());
    if (over) {
      const { code, message } = over;
      yield Buffer.from(`event: over\ndata: ${JSON.stringify({ code, message })}\n\n`);
      return;
    }
    const news = hints.since(after, topics);
    const { id } = news;
    after = id;
    const isBeat = clock.monotonicMs() - sentMs >= BEAT_MS;
    const changed = isBeat ? [...news.changed, ...inPart] : news.changed;
    if (isDue || changed.length > 0 || isBeat) {
      yield Buffer.from(isDue || changed.length > 0 ? hintFrame(id, { changed }) : ':\n\n');
      sentMs = clock.monotonicMs();
      isDue = false;
    }
    await Promise.race([turn, ended]);
  }
}
