import { once } from 'node:events';
import { isIP } from 'node:net';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { type Attempt, findTrustFault, hostOf } from '@linux-patch/http/client';
import { managerFault, parseCertificateDer, parseCertificates, spkiSha256 } from '@linux-patch/pki';
import { ManagerFailure } from './failure.ts';

/** Whom a TLS connection may be with. */
export type PeerTrust =
  | { readonly kind: 'verified'; readonly ca: readonly string[] }
  /**
   * Any certificate, or only the one whose key (`spkiSha256`) this enrolment began with; what comes over the connection
   * is proven by other means or not used.
   */
  | { readonly kind: 'unverified'; readonly spkiSha256?: string | undefined };

/** Only a peer whose certificate leads to one of these CAs. */
export function verifiedBy(caPem: string): PeerTrust {
  return { kind: 'verified', ca: parseCertificates(caPem).map((one) => one.pem) };
}

/** The open connection may lead through a proxy; what is verified is the manager all the same. */
interface Wish extends Attempt {
  readonly url: URL;
  readonly shownUrl: string;
  readonly peer: PeerTrust;
}

function optionsOf({ url, peer, wire, groups }: Wish): ConnectionOptions {
  const host = hostOf(url);
  return {
    socket: wire,
    ...groups,
    host,
    // RFC 6066 §3: a literal address is no server name.
    ...(isIP(host) === 0 ? { servername: host } : {}),
    minVersion: 'TLSv1.2',
    ALPNProtocols: ['http/1.1'],
    rejectUnauthorized: peer.kind === 'verified',
    ...(peer.kind === 'verified' ? { ca: [...peer.ca], allowPartialTrustChain: true } : {}),
  };
}

/** SHA-256 of the key of the peer's certificate, base64url. */
function peerKey(socket: TLSSocket): string | undefined {
  const key = socket.getPeerX509Certificate()?.publicKey.export({ type: 'spki', format: 'der' });
  return key && spkiSha256(key);
}

/**
 * Shakes hands with the manager. No session is resumed, so that every connection shows a certificate.
 *
 * @throws ManagerFailure of kind `security` when the peer is not the one demanded; Node's error for the network.
 */
export async function connectSecurely(wish: Wish): Promise<TLSSocket> {
  const socket = connect(optionsOf(wish));
  // Errors after the handshake reach the request that uses the socket.
  socket.on('error', () => {});
  try {
    await once(socket, 'secureConnect', { signal: wish.signal });
    const demanded = wish.peer.kind === 'unverified' ? wish.peer.spkiSha256 : undefined;
    if (demanded !== undefined && peerKey(socket) !== demanded) throw otherPeer(wish);
    if (wish.peer.kind === 'verified') refuseHost(wish, socket);
    return socket;
  } catch (error) {
    socket.destroy();
    throw untrusted(wish, error) ?? error;
  }
}

/** A host of the same CA is not the manager, whatever names its certificate has. */
function refuseHost({ shownUrl }: Wish, socket: TLSSocket): void {
  const shown = socket.getPeerX509Certificate();
  const fault = shown && managerFault(parseCertificateDer(shown.raw));
  if (fault === undefined) return;
  throw new ManagerFailure(
    'security',
    `Whoever answers at ${shownUrl} is not the manager: ${fault}. Nothing was sent. Find out which machine answers there; ` +
      'the certificate of that host should be revoked.',
  );
}

function otherPeer({ shownUrl }: Wish): ManagerFailure {
  return new ManagerFailure(
    'security',
    `${shownUrl} shows another TLS key than when this enrolment began. Nothing was sent to it. Somebody may be in between; or the ` +
      "manager's web certificate was replaced: then set enrollment.ca_file or enrollment.ca_fingerprint and start the agent again.",
  );
}

function untrusted({ shownUrl }: Wish, error: unknown): ManagerFailure | undefined {
  const fault = findTrustFault(error);
  if (fault === undefined) return undefined;
  const { words, isAboutDates } = fault;
  const clock = isAboutDates ? " Check this host's clock." : '';
  return new ManagerFailure('security', `The certificate of ${shownUrl} is not trusted (${words}).${clock}`, {
    cause: error,
    isAboutDates,
  });
}
