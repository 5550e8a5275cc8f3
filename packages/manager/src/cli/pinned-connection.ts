import { once } from 'node:events';
import { join } from 'node:path';
import { connect, type PeerCertificate, type TLSSocket } from 'node:tls';
import { messageOf, PatchError } from '@linux-patch/contract';
import { managerFault, parseCertificateDer, parseCertificates } from '@linux-patch/pki';
import type { Files } from '@linux-patch/runtime';
import { readLivingRoots } from '../authority/ca-state.ts';

/** Where the manager listens, and the one key that it may show there. */
export interface PinnedPlace {
  readonly host: string;
  readonly port: number;
  /** Roots that its certificate may be from. PEM. */
  readonly ca: string;
  /** SHA-256 of the key in its web certificate. */
  readonly spkiSha256: string;
  /** File that the key was read from, for messages. */
  readonly file: string;
}

/**
 * What the manager of this CA folder shows.
 * @throws PatchError `NOT_INITIALIZED`
 */
export async function readPin(
  files: Files,
  caFolder: string,
): Promise<Pick<PinnedPlace, 'ca' | 'spkiSha256' | 'file'>> {
  const ca = await readLivingRoots(files, caFolder);
  const file = join(caFolder, 'web.pem');
  const text = await files.readText(file);
  try {
    const [leaf] = parseCertificates(text ?? '');
    if (leaf) return { ca, spkiSha256: leaf.spkiSha256, file };
  } catch {
    // Said below.
  }
  throw new PatchError(
    'NOT_INITIALIZED',
    `${file} is ${text === undefined ? 'missing' : 'damaged'}, so the manager cannot be told from another program that listens in its place; nothing was sent. ` +
      'The manager makes it again when it starts: systemctl restart linux-patch-manager.',
  );
}

/** Verification failures of OpenSSL; anything else is a network matter. */
const TRUST_CODES = /^(CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|INVALID_|PATH_LENGTH_EXCEEDED)/;

class StrangerError extends Error {
  override readonly name = 'StrangerError';
}

/**
 * Shakes hands with the manager; nothing is sent before it has shown its own key.
 * @throws PatchError `MANAGER_UNTRUSTED`, `MANAGER_NOT_RUNNING`
 */
export async function connectPinned(place: PinnedPlace, signal: AbortSignal): Promise<TLSSocket> {
  const { host, port, ca, spkiSha256 } = place;
  const checkServerIdentity = (_host: string, { raw }: PeerCertificate): Error | undefined => {
    const shown = parseCertificateDer(raw);
    const fault = managerFault(shown);
    if (fault !== undefined) return new StrangerError(fault);
    // The key says who it is; by which name or address it was reached does not matter.
    return shown.spkiSha256 === spkiSha256
      ? undefined
      : new StrangerError('it shows another key than the one in that file');
  };
  const socket = connect({ host, port, ca, checkServerIdentity, ALPNProtocols: ['http/1.1'] });
  // Errors after the handshake reach the request that uses the socket.
  socket.on('error', () => {});
  try {
    await once(socket, 'secureConnect', { signal });
    return socket;
  } catch (error) {
    socket.destroy();
    throw notReached(place, error);
  }
}

/** What it means that a connection failed. */
export function notReached({ host, port, file }: PinnedPlace, cause: unknown): PatchError {
  const url = `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const { code } = cause as NodeJS.ErrnoException;
  if (cause instanceof StrangerError || TRUST_CODES.test(code ?? '')) {
    return new PatchError(
      'MANAGER_UNTRUSTED',
      `Whoever answers at ${url} is not the manager of ${file}: ${messageOf(cause)}. The admin token was not sent. ` +
        `If the manager restarts just now, try again in a moment; else look what listens there: ss -ltnp 'sport = :${port}'.`,
      { cause },
    );
  }
  return new PatchError(
    'MANAGER_NOT_RUNNING',
    `The manager does not answer at ${url} (${code ?? messageOf(cause)}). ` +
      "Is it running? Start it with 'linux-patch-manager serve' or look at 'systemctl status linux-patch-manager'.",
    { cause },
  );
}
