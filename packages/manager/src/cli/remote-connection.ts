import type { TLSSocket } from 'node:tls';
import { isPatchError, PatchError } from '@linux-patch/contract';
import {
  type Attempt,
  connectionFault,
  dial,
  findTrustFault,
  hostOf,
  type Resolve,
  shakeHands,
  systemAuthorities,
  verifiedTls,
} from '@linux-patch/http/client';
import { managerFault, parseCertificateDer } from '@linux-patch/pki';
import { type Files, ownUid } from '@linux-patch/runtime';
import type { GlobalOptions } from './command-line.ts';
import type { Connection } from './connection.ts';

/** Name, connection and handshake, also where the handshake has to be done twice. */
const CONNECT_TIMEOUT_MS = 15_000;

/** Where the manager is, and how it and the caller are known. */
interface Remote {
  readonly url: string;
  /** Authorities to believe instead of those of this machine, PEM. */
  readonly caPem: string | undefined;
  readonly token: string;
  readonly resolve: Resolve | undefined;
}

function untrusted(message: string, cause?: unknown): PatchError {
  return new PatchError('MANAGER_UNTRUSTED', message, { cause });
}

function notReached({ url, caPem }: Remote, cause: unknown): PatchError {
  if (isPatchError(cause)) return cause;
  const fault = findTrustFault(cause);
  if (fault === undefined) {
    return new PatchError(
      'MANAGER_NOT_RUNNING',
      `The manager does not answer at ${url} (${connectionFault(cause)}). Is it running, are address and port right, and does a firewall let this machine through?`,
      { cause },
    );
  }
  const remedy = fault.isAboutDates
    ? 'Is the clock of this machine right?'
    : caPem === undefined
      ? 'If it is the manager, give --ca FILE: a copy of /var/lib/linux_patch_manager/ca/root.pem, brought from there in a way that nobody else can write to.'
      : 'Is the file of --ca from this manager, and the name in the URL one of its server.names?';
  return untrusted(
    `What answers at ${url} did not prove to be the manager (${fault.words}). Nothing was sent. ${remedy}`,
    cause,
  );
}

/** A host of the manager's CA is not the manager, whatever names its certificate has. */
function refuseHost({ url }: Remote, socket: TLSSocket): void {
  const shown = socket.getPeerX509Certificate();
  const fault = shown ? managerFault(parseCertificateDer(shown.raw)) : 'it showed no certificate';
  if (fault === undefined) return;
  throw untrusted(
    `Whoever answers at ${url} is not the manager: ${fault}. Nothing was sent. Find out which machine answers there; ` +
      'the certificate of that host should be revoked.',
  );
}

/** Shakes hands with whoever proves to be the manager. */
async function secure(remote: Remote, attempt: Attempt): Promise<TLSSocket> {
  const socket = await verifiedTls(hostOf(new URL(remote.url)), attempt, remote.caPem ?? systemAuthorities());
  refuseHost(remote, socket);
  return socket;
}

/** Calls a manager elsewhere over TLS, as a program with an API token. */
function remoteConnection(remote: Remote): Connection {
  const url = new URL(remote.url);
  const place = { host: hostOf(url), port: Number(url.port || 443), resolve: remote.resolve };
  let smallHello = false;
  return {
    headers: { host: url.host, authorization: `Bearer ${remote.token}` },
    async connect() {
      const signal = AbortSignal.timeout(CONNECT_TIMEOUT_MS);
      let missing = 'no connection came about';
      try {
        const opened = await shakeHands({
          openWire: () => dial({ ...place, signal }),
          shake(attempt) {
            missing = 'its TLS handshake was not answered';
            return secure(remote, attempt);
          },
          smallHello,
          timeoutMs: CONNECT_TIMEOUT_MS,
          signal,
        });
        smallHello = opened.smallHello;
        return opened.connection;
      } catch (error) {
        const tooLate = new Error(`${missing} within ${CONNECT_TIMEOUT_MS / 1000} s`, { cause: error });
        throw notReached(remote, signal.aborted ? tooLate : error);
      }
    },
    notAnswered: (cause) => notReached(remote, cause),
  };
}

const refuse = (message: string): PatchError =>
  new PatchError('INVALID_REQUEST', `${message} Nothing was sent.`);

/** The token of a file that nobody else can read. */
async function readToken(files: Files, path: string): Promise<string> {
  const facts = await files.factsBehind(path);
  if (facts?.kind !== 'file') throw refuse(`There is no file ${path} with an API token.`);
  if (facts.uid !== (await ownUid(files)) || (facts.mode & 0o077) !== 0)
    throw refuse(
      `${path} has to be yours and unreadable to others, because whoever reads it acts as you: chmod 600 ${path}.`,
    );
  const token = (await files.readText(path))?.split(/\r?\n/, 1)[0] ?? '';
  if (/^[\x21-\x7e]{1,256}$/.test(token)) return token;
  throw refuse(`The first line of ${path} is no API token.`);
}

/**
 * The manager elsewhere that the options name; undefined when they name none.
 * @throws PatchError `INVALID_REQUEST`
 */
export async function remoteOf(
  { manager: url, ca, tokenFile }: GlobalOptions,
  files: Files,
  resolve?: Resolve,
): Promise<Connection | undefined> {
  if (url === undefined) {
    if (ca === undefined && tokenFile === undefined) return undefined;
    throw refuse('--ca and --token-file are for a manager elsewhere: say with --manager URL which.');
  }
  if (tokenFile === undefined)
    throw refuse(
      `Say with --token-file FILE as whom to call ${url}: an API token, which an administrator there makes with "linux-patch-manager api-tokens create NAME --role ROLE".`,
    );
  const caPem = ca === undefined ? undefined : await files.readText(ca);
  if (ca !== undefined && !caPem?.includes('-----BEGIN CERTIFICATE-----'))
    throw refuse(`${ca} holds no certificate (PEM).`);
  return remoteConnection({ url, caPem, token: await readToken(files, tokenFile), resolve });
}
