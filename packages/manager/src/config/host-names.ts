import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { z } from 'zod';

const LABEL = '[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?';
const NAME = new RegExp(`^(?:\\*\\.)?${LABEL}(?:\\.${LABEL})*$`);
const MAX_NAME_LENGTH = 253;

/**
 * A name or address as certificates carry it: international names in ASCII (`xn--…`, RFC 5891), no dot at the end,
 * addresses without brackets; undefined for what no certificate can carry.
 */
export function certifiableName(text: string): string | undefined {
  const bare = text.trim().replace(/^\[(.*)\]$/, '$1');
  if (isIP(bare)) return bare.toLowerCase();
  const wildcard = bare.startsWith('*.') ? '*.' : '';
  const ascii = wildcard + domainToASCII(bare.slice(wildcard.length).replace(/\.$/, ''));
  return ascii.length <= MAX_NAME_LENGTH && NAME.test(ascii) && isIP(ascii) === 0 ? ascii : undefined;
}

const NO_NAME =
  'is no host name or address that a certificate can carry, such as patch.example.org, *.example.org or 192.0.2.1';

/** A name or address of the manager, in the form in which certificates carry it. */
export const CertifiableName = z
  .string()
  .min(1)
  .max(1_024)
  .transform((text, context) => {
    const name = certifiableName(text);
    if (name !== undefined) return name;
    context.addIssue({ code: 'custom', message: NO_NAME, input: text });
    return z.NEVER;
  });

function faultOf(url: URL | null): string | undefined {
  if (url?.protocol !== 'https:') return 'must be an https URL, such as https://patch.example.org:8443';
  const { pathname, search, hash, username, password } = url;
  if (!/^\/*$/.test(pathname) || search + hash + username + password !== '')
    return 'must be https://HOST or https://HOST:PORT; hosts ask a manager at the root of its host';
  const name = certifiableName(url.hostname);
  return name === undefined || name.startsWith('*.')
    ? `has a host that ${NO_NAME.replace(' *.example.org', '')}`
    : undefined;
}

/** The URL that agents and the command line call: a host as certificates carry it, and a port. */
export const ManagerUrl = z
  .string()
  .min(1)
  .max(2_048)
  .transform((text, context) => {
    const url = URL.parse(text.trim());
    const fault = faultOf(url);
    if (url && fault === undefined) {
      // The parser has turned an international name into ASCII already; a dot at the end stays with it.
      return url.origin.replace(/\.(?=$|:\d+$)/, '');
    }
    context.addIssue({ code: 'custom', message: fault ?? 'is no URL', input: text });
    return z.NEVER;
  });
