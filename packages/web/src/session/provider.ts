import type { RouteId } from '../api/call.ts';
import { call } from '../api/call.ts';
import { CallFailure } from '../api/call-failure.ts';

/** Where the identity provider sends a browser back to. */
export const RETURN_PATH = '/sign-in/return';
/** The state of what was begun in a window of its own, so that the window knows. */
const IN_WINDOW = 'linux-patch-provider-window';
/** Where somebody was when they went to the provider, in this window. */
const FROM = 'linux-patch-provider-from';
/** What came back with this window, until it is brought to the manager. */
const ANSWER = 'linux-patch-provider-answer';
/** On which windows of this page tell each other that it is done. */
const CHANNEL = 'linux-patch-provider';

type Begin = Extract<RouteId, 'beginOidc' | 'beginOidcStepUp'>;

async function begin(route: Begin): Promise<{ readonly url: string; readonly state: string }> {
  const { url } = await call(route);
  const { protocol, searchParams } = new URL(url);
  // An address of another kind could be a script.
  if (protocol !== 'https:')
    throw new CallFailure({ code: 'PAGE_FAULT', message: 'The manager names no address of a provider.' });
  return { url, state: searchParams.get('state') ?? '' };
}

/** Goes to the provider in this window, and comes back to what it shows. */
export async function goToProvider(): Promise<void> {
  const { url } = await begin('beginOidc');
  localStorage.removeItem(IN_WINDOW);
  sessionStorage.setItem(FROM, location.pathname + location.search);
  location.assign(url);
}

/**
 * Goes to the provider in a window of its own, so that what was typed in this one stays. To be called at once when a button
 * is pressed, or browsers open none.
 * @returns when that window says that it is done
 */
export async function openProvider(route: Begin, signal: AbortSignal): Promise<void> {
  const opened = window.open('about:blank', '_blank', 'popup,width=560,height=720');
  if (!opened)
    throw new CallFailure({
      code: 'NO_WINDOW',
      message: 'The browser opened no window for this. Let it open windows for this page, then try again.',
    });
  const { promise: done, resolve } = Promise.withResolvers<void>();
  const channel = new BroadcastChannel(CHANNEL);
  try {
    const { url, state } = await begin(route).catch((error: unknown) => {
      opened.close();
      throw error;
    });
    channel.onmessage = ({ data }) => {
      if (data === state) resolve();
    };
    signal.addEventListener('abort', () => resolve(), { once: true });
    localStorage.setItem(IN_WINDOW, state);
    opened.location.replace(url);
    await done;
    signal.throwIfAborted();
  } finally {
    channel.close();
  }
}

/** What came back with this window. */
export interface Returned {
  /** The query, without the `?`. */
  readonly answer: string;
  readonly state: string;
  readonly purpose: 'sign-in' | 'step-up';
  /** Whether this is a window of its own, beside the one that waits. */
  readonly isWindow: boolean;
}

/** Takes it out of the address, where nobody is to find it later, as it is: before the router reads and writes the address. */
export function keepReturned(): void {
  if (location.pathname !== RETURN_PATH || location.search === '') return;
  sessionStorage.setItem(ANSWER, location.search.slice(1));
  history.replaceState(null, '', RETURN_PATH);
}

/** The same, once; undefined when there is nothing. */
export function takeReturned(): Returned | undefined {
  const answer = sessionStorage.getItem(ANSWER);
  if (answer === null) return undefined;
  sessionStorage.removeItem(ANSWER);
  const state = new URLSearchParams(answer).get('state') ?? '';
  const isWindow = state !== '' && localStorage.getItem(IN_WINDOW) === state;
  return { answer, state, purpose: state.startsWith('step-up.') ? 'step-up' : 'sign-in', isWindow };
}

/** Tells the window that waits, and closes this one where the browser lets it. */
export function tellDone({ state }: Returned): void {
  const channel = new BroadcastChannel(CHANNEL);
  channel.postMessage(state);
  channel.close();
  localStorage.removeItem(IN_WINDOW);
  window.close();
}

/** Where somebody was before, in this window. */
export function takeFrom(): string {
  const from = sessionStorage.getItem(FROM) ?? '/';
  sessionStorage.removeItem(FROM);
  return from.startsWith('/') && !from.startsWith('//') && !from.startsWith(RETURN_PATH) ? from : '/';
}
