/** Writes an IPv4-mapped IPv6 address (RFC 4291 §2.5.5.2) as IPv4; undefined when the socket is gone already. */
export function peerAddress(remoteAddress: string | undefined): string | undefined {
  return remoteAddress?.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '');
}
