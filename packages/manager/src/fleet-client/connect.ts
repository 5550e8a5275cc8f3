import { once } from 'node:events';
import { isIP } from 'node:net';
import { checkServerIdentity, connect, type TLSSocket } from 'node:tls';
import { parseCertificateDer } from '@linux-patch/pki';
import type { Pair } from '../authority/key-files.ts';

/** Where an agent is, as the fleet knows it. */
export interface AgentAddress {
  /** Its record; only keys that were certified for it are believed. */
  readonly hostId: string;
  readonly fqdn: string;
  readonly ipAddress: string;
  readonly port: number;
}

/** A certificate of our CA that somebody showed at the place of a host. */
export interface ShownCertificate {
  readonly serialHex: string;
  readonly spkiSha256: string;
}

/** What the records say of it. */
export interface Standing {
  readonly revoked: boolean;
  /** Its key was certified for this host. */
  readonly known: boolean;
}

/** What to call with: our client certificate, and the only CA agents may be from. */
export interface FleetMaterial {
  readonly caPem: string;
  readonly client: Pair;
  /** Looks up what the host showed, when it has shown it: it may have renewed just before. */
  judge(shown: ShownCertificate): Promise<Standing>;
  /** Whether the host has no newer certificate, so that one who showed this is not asked to show another. */
  isNewest(shown: ShownCertificate): Promise<boolean>;
  /** Told which certificate the host is believed with. */
  noteServed(serialHex: string): Promise<void>;
}

/** How to meet the agent. */
export interface Meeting {
  readonly signal: AbortSignal;
  /** Also an agent whose certificate is revoked; only for what anybody may know. */
  readonly evenRevoked?: boolean | undefined;
  /** Told which certificate the agent showed, also when it is refused for it. */
  readonly onPeer?: ((serialHex: string) => void) | undefined;
}

/** An open connection to an agent that proved its name and may be told things. */
export interface AgentConnection extends Disposable {
  readonly socket: TLSSocket;
  /** The certificate it showed. */
  readonly shown: ShownCertificate;
}

/**
 * Connects and looks at the agent's certificate before anything is sent.
 * @throws Node's error of the network or of TLS; an Error that says so for a revoked certificate
 */
export async function connectAgent(
  agent: AgentAddress,
  material: FleetMaterial,
  { signal, evenRevoked = false, onPeer }: Meeting,
): Promise<AgentConnection> {
  let shown: ShownCertificate = { serialHex: '', spkiSha256: '' };
  const socket = connect({
    host: agent.ipAddress,
    port: agent.port,
    // A literal address is no server name (RFC 6066 §3); the identity is checked below either way.
    servername: isIP(agent.fqdn) ? '' : agent.fqdn,
    ca: material.caPem,
    cert: material.client.certificatePem,
    key: material.client.privateKeyPem,
    minVersion: 'TLSv1.3',
    checkServerIdentity(_name, certificate) {
      const { serialHex, spkiSha256 } = parseCertificateDer(certificate.raw);
      shown = { serialHex, spkiSha256 };
      onPeer?.(serialHex);
      return checkServerIdentity(agent.fqdn, certificate);
    },
  });
  // An agent that refuses us says so after its handshake; until a request uses the socket, it is kept for that.
  let failure: Error | undefined;
  socket.on('error', (error) => (failure ??= error));
  try {
    await once(socket, 'secureConnect', { signal });
    const standing = await material.judge(shown);
    if (standing.revoked && !evenRevoked) throw revokedError(shown.serialHex);
    if (!standing.known) throw strangeKeyError(shown.serialHex);
    if (socket.destroyed) throw failure ?? new Error('it closed the connection');
    return { socket, shown, [Symbol.dispose]: () => socket.destroy() };
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

function revokedError(serialHex: string): Error {
  return new Error(
    `its certificate (serial ${serialHex}) is revoked, so whoever answers there is not believed; ` +
      'the host has to join again: see "linux-patch-manager enrollments list"',
  );
}

function strangeKeyError(serialHex: string): Error {
  return new Error(
    `its certificate (serial ${serialHex}) was not issued to it by this manager, so whoever answers there is not believed. ` +
      'Another machine may have its address; or this manager was set back to a backup from before that certificate: ' +
      'then let the host join again, "linux-patch-api --enroll" on it and "linux-patch-manager enrollments approve" with its code',
  );
}
