import type { IncomingMessage } from 'node:http';
import { PatchError } from '@linux-patch/contract';
import type { RequestTarget } from '@linux-patch/http';

/** A host name, an IPv4 or a bracketed IPv6 address, with or without a port (RFC 9110 §7.2). */
const HOST = /^(?:[\w.-]{1,255}|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/i;

/** Whether a `Host` header names a host; HTTP/1.0 has none. */
function isHost(header: string | undefined): boolean {
  return header === undefined || HOST.test(header);
}

/**
 * The one form of a request's target (RFC 3986 §6.2.2): no dot segments, and no letter or digit in percent-encoding.
 * Everything that depends on a path reads this form, so that two spellings are never two things. A target that is no
 * path is the root.
 */
export function readTarget({ url = '/', headers }: Pick<IncomingMessage, 'url' | 'headers'>): RequestTarget {
  // Put together as text: resolved against a base, a path that begins with two slashes would name a host.
  const { pathname, search } = new URL(`https://manager${url.startsWith('/') ? url : '/'}`);
  const path = pathname.replaceAll(/%[0-9a-f]{2}/gi, (code) => {
    const character = String.fromCharCode(Number.parseInt(code.slice(1), 16));
    return /[\w.~-]/.test(character) ? character : code.toUpperCase();
  });
  const fault = isHost(headers.host)
    ? undefined
    : new PatchError('INVALID_REQUEST', 'The Host header is not the name or address of a host.');
  return { path, search, fault };
}
