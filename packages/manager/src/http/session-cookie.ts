import { DAY_MS } from '@linux-patch/contract';

/** Browsers take a cookie of this prefix from this very host alone, over TLS, for all paths (RFC 6265bis §4.1.3.2). */
const NAME = '__Host-linux-patch';
/** Longer than any session: by one that is over, its person is told from strangers. */
const KEPT_SECONDS = (90 * DAY_MS) / 1_000;

/** What a browser shows under this name; undefined when it shows none. */
export function cookieOf(header: string | undefined, name: string): string | undefined {
  for (const pair of (header ?? '').split(';')) {
    const at = pair.indexOf('=');
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return undefined;
}

/** What a browser holds of a session; undefined when it shows none. */
export function sessionCookieOf(header: string | undefined): string | undefined {
  return cookieOf(header, NAME);
}

/** `Set-Cookie` for a session. */
export function sessionCookie(secret: string): string {
  return `${NAME}=${secret}; Path=/; Max-Age=${KEPT_SECONDS}; Secure; HttpOnly; SameSite=Lax`;
}
