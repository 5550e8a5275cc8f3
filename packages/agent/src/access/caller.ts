/** Who is at the other end of an accepted connection. */
export interface Caller {
  /** IPv4 or IPv6 address, or `local`; an IPv4 address seen through an IPv6 socket is written as IPv4. */
  readonly address: string;
  readonly commonName: string;
  /** SHA-256 of the client certificate, hex; `none` on the Unix socket. */
  readonly fingerprint: string;
  readonly serialHex: string;
}

/** Root, on the Unix socket of an agent without TLS. */
export const LOCAL_CALLER: Caller = {
  address: 'local',
  commonName: 'root',
  fingerprint: 'none',
  serialHex: '',
};
