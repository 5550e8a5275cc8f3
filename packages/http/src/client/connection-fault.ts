/** What a failed connection means, for codes that an administrator meets; libuv and OpenSSL codes as Node names them. */
const MEANINGS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there, or a firewall turns connections away',
  ECONNRESET: 'the connection was cut: by a firewall or proxy on the way, or by the other side',
  EPIPE: 'the connection was cut: by a firewall or proxy on the way, or by the other side',
  ETIMEDOUT: 'no packet came back; the host is off, or a firewall drops packets',
  EHOSTUNREACH: 'there is no way to that host',
  ENETUNREACH: 'this host has no network that leads there',
  ENETDOWN: 'the network of this host is down',
  ENOTFOUND: 'the name is unknown; check it and /etc/resolv.conf',
  EAI_AGAIN: 'names cannot be resolved now; the resolver does not answer',
  ERR_SSL_WRONG_VERSION_NUMBER: 'what listens there does not speak TLS; check host and port of its URL',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'what listens there does not speak TLS; check host and port of its URL',
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: 'it does not speak a version of TLS that is accepted here',
};

const LONGEST_REASON = 160;

/** One line about a failed connection: its code and what that means, or the error's own words. */
export function connectionFault(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const meaning = code === undefined ? undefined : MEANINGS[code];
  const words = meaning ?? (message ?? String(error)).replaceAll(/\s+/g, ' ').trim();
  const line = [code, words].filter(Boolean).join(': ');
  return line.length > LONGEST_REASON ? `${line.slice(0, LONGEST_REASON)}…` : line;
}

/** Verification failures of OpenSSL and Node; anything else on the way is a network matter. */
const TLS_TRUST_CODES =
  /^(CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|ERR_TLS_CERT_ALTNAME_INVALID|INVALID_CA|INVALID_PURPOSE|HOSTNAME_MISMATCH|PATH_LENGTH_EXCEEDED|UNSPECIFIED$)/;
const CLOCK_CODES: readonly unknown[] = ['CERT_NOT_YET_VALID', 'CERT_HAS_EXPIRED'];

/** Why a peer's certificate was refused. */
interface TrustFault {
  /** OpenSSL's or Node's code and words. */
  readonly words: string;
  /** Whether a wrong clock on either side would explain it. */
  readonly isAboutDates: boolean;
}

/** Why a handshake refused the peer's certificate; undefined for whatever else it failed of. */
export function findTrustFault(error: unknown): TrustFault | undefined {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === undefined || !TLS_TRUST_CODES.test(code)) return undefined;
  return { words: verificationFault(code, message), isAboutDates: CLOCK_CODES.includes(code) };
}

/**
 * What OpenSSL's verification found, as code and words. Node has no code for many of its results and says `UNSPECIFIED`
 * (x509_vfy(3)); then only OpenSSL's own words tell.
 */
export function verificationFault(code: string, words: string): string {
  if (code !== 'UNSPECIFIED') return `${code}: ${words}`;
  const isConstraint = /subtree violation|constraint/i.test(words);
  return isConstraint ? `name constraints: a CA in its chain may not vouch for this name; ${words}` : words;
}
