import { isIP } from 'node:net';

/** Port of syslog over UDP (RFC 5426 §3.3). */
const SYSLOG_PORT = 514;
const MAX_PORT = 65_535;

/** Reads HOST, HOST:PORT, an IPv6 address, or one in brackets with a port; undefined for anything else. */
export function parseSyslogServer(
  text: string,
): { readonly host: string; readonly port: number } | undefined {
  if (isIP(text) !== 0) return { host: text, port: SYSLOG_PORT };
  const [, six, name, digits] = /^(?:\[([^\]]+)\]|([^:[\]\s]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = six ?? name;
  const port = Number(digits ?? SYSLOG_PORT);
  if (host === undefined || port < 1 || port > MAX_PORT) return undefined;
  return six !== undefined && isIP(six) !== 6 ? undefined : { host, port };
}
