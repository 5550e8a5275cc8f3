import { FLOW_MS } from '../oidc/flows.ts';
import { cookieOf } from './session-cookie.ts';

const NAME = '__Host-linux-patch-oidc';

/** What a browser holds of a sign-in with the identity provider that it began; undefined when it shows none. */
export function oidcCookieOf(header: string | undefined): string | undefined {
  return cookieOf(header, NAME);
}

/** `Set-Cookie` for it. Only the page itself brings it back, never a link from elsewhere. */
export function oidcCookie(sealed: string): string {
  return `${NAME}=${sealed}; Path=/; Max-Age=${FLOW_MS / 1_000}; Secure; HttpOnly; SameSite=Strict`;
}
