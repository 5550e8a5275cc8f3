import { BlockList, isIP } from 'node:net';
import { hostOf } from '@linux-patch/http/client';

/** A proxy that makes tunnels (CONNECT, RFC 9110 §9.3.6). */
export interface Proxy {
  readonly host: string;
  readonly port: number;
  /** Value of `Proxy-Authorization`. A secret. */
  readonly authorization: string | undefined;
  /** The proxy as messages may show it: without user name and password. */
  readonly shown: string;
}

/** The proxy to reach a URL through, undefined for none, or what is wrong with the one that is set. */
export type ProxyChoice = (url: URL) => Proxy | { readonly fault: string } | undefined;

const FORM = 'http://HOST:PORT or http://USER:PASSWORD@HOST:PORT';
const DEFAULT_PORT = 80;

/**
 * Reads the URL of a proxy; `HOST:PORT` alone means `http://HOST:PORT`, as curl(1) has it. The fault never repeats the
 * text: it may hold a password.
 */
export function parseProxy(text: string): { readonly proxy: Proxy } | { readonly fault: string } {
  const trimmed = text.trim();
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed) ? trimmed : `http://${trimmed}`);
  if (!url?.hostname) return { fault: `must be ${FORM}` };
  if (url.protocol !== 'http:')
    return {
      fault: `must be ${FORM}; proxies that are themselves reached by TLS or SOCKS are not supported`,
    };
  if (url.pathname !== '/' || url.search || url.hash)
    return { fault: `must be ${FORM}, without path, query or fragment` };
  const host = hostOf(url);
  const port = Number(url.port) || DEFAULT_PORT;
  const authorization = credentialsOf(url);
  if (authorization === false) return { fault: 'must have user name and password percent-encoded' };
  return { proxy: { host, port, authorization, shown: `http://${url.hostname}:${port}` } };
}

/** RFC 7617; false when the escapes make no sense. */
function credentialsOf(url: URL): string | undefined | false {
  if (url.username === '' && url.password === '') return undefined;
  try {
    const words = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    return `Basic ${Buffer.from(words).toString('base64')}`;
  } catch {
    return false;
  }
}

/** What decides about proxies. */
export interface ProxySettings {
  /** `enrollment.proxy`; `none` asks the manager directly whatever the environment says. */
  readonly configured: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * The configured proxy for every URL; else `HTTPS_PROXY` for https URLs that `NO_PROXY` does not name, in capitals or
 * not. A value that cannot be used is no reason to go around the proxy.
 */
export function chooseProxy({ configured, environment }: ProxySettings): ProxyChoice {
  if (configured === 'none') return () => undefined;
  if (configured !== undefined) {
    const read = parseProxy(configured);
    const chosen = 'proxy' in read ? read.proxy : { fault: `enrollment.proxy ${read.fault}` };
    return () => chosen;
  }
  const text = environment.HTTPS_PROXY || environment.https_proxy;
  if (!text) return () => undefined;
  const exempt = environment.NO_PROXY || environment.no_proxy || '';
  const read = parseProxy(text);
  const chosen =
    'proxy' in read
      ? read.proxy
      : { fault: `HTTPS_PROXY in the agent's environment ${read.fault} (enrollment.proxy overrides it)` };
  return (url) => (url.protocol === 'https:' && !isExempt(url, exempt) ? chosen : undefined);
}

/** Whether `NO_PROXY` names the host of a URL: `*`, a name with all names below it, an address or a range, each perhaps with a port. */
function isExempt(url: URL, list: string): boolean {
  const host = hostOf(url).replace(/\.$/, '');
  const port = url.port || '443';
  return list.split(/[\s,]+/).some((entry) => {
    if (entry === '') return false;
    if (entry === '*') return true;
    const [, name = entry, onlyPort] = /^(\[[^\]]*\]|[^:]*):(\d+)$/.exec(entry) ?? [];
    if (onlyPort !== undefined && onlyPort !== port) return false;
    return names(name.replace(/^\[(.*)\]$/, '$1').toLowerCase(), host);
  });
}

function names(entry: string, host: string): boolean {
  const family = isIP(host);
  if (family === 0) {
    const domain = entry.replace(/^\*?\./, '').replace(/\.$/, '');
    return host === domain || host.endsWith(`.${domain}`);
  }
  const [address = '', bits] = entry.split('/');
  if (isIP(address) !== family) return false;
  const length = bits === undefined ? (family === 4 ? 32 : 128) : Number(bits);
  if (!Number.isInteger(length) || length < 0 || length > (family === 4 ? 32 : 128)) return false;
  const range = new BlockList();
  range.addSubnet(address, length, family === 4 ? 'ipv4' : 'ipv6');
  return range.check(host, family === 4 ? 'ipv4' : 'ipv6');
}
