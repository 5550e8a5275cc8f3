/** Who is at the other end of an accepted connection. */
export interface Caller {
  /** IPv4 or IPv6 address; an IPv4 address seen through an IPv6 socket is written as IPv4. */
  readonly address: string;
  readonly commonName: string;
  /** SHA-256 of the client certificate, hex; `none` on a plain loopback listener. */
  readonly fingerprint: string;
  readonly serialHex: string;
}

/** The caller of a listener without TLS, which exists on loopback only. */
export function plainCaller(address: string): Caller {
  return { address, commonName: 'loopback', fingerprint: 'none', serialHex: '' };
}

/** Writes an IPv4-mapped IPv6 address (RFC 4291 §2.5.5.2) as IPv4; undefined when the socket is gone already. */
export function peerAddress(remoteAddress: string | undefined): string | undefined {
  return remoteAddress?.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '');
}
