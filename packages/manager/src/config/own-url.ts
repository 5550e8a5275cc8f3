import type { WebNames } from '../authority/init.ts';

/** Whether a name is meant by one of a certificate's names; a leading `*` is any one label (RFC 9525 §6.3). */
function fits(name: string, pattern: string): boolean {
  if (!pattern.startsWith('*.')) return name === pattern;
  const [, ...rest] = name.split('.');
  return rest.join('.') === pattern.slice(2);
}

/**
 * Whether a URL leads to this manager at this path: by one of the names of its certificate, and with or without the path
 * of its own URL in front. The port does not count, because a forwarded one is nobody else's.
 */
export function isOwnUrl(
  url: string,
  path: string,
  own: { readonly url: string; readonly names: WebNames },
): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname, pathname } = new URL(url);
  const prefix = new URL(own.url).pathname.replace(/\/$/, '');
  if (protocol !== 'https:' || (pathname !== path && pathname !== prefix + path)) return false;
  const name = hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
  return own.names.ipAddresses.includes(name) || own.names.dnsNames.some((pattern) => fits(name, pattern));
}
