import { once } from 'node:events';
import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { messageOf, PatchError } from '@linux-patch/contract';
import { type Files, ownUid } from '@linux-patch/runtime';
import type { GlobalOptions } from './command-line.ts';
import type { Connection } from './connection.ts';

const CONNECT_TIMEOUT_MS = 15_000;

/** Where the manager is, and how it and the caller are known. */
interface Remote {
  readonly url: string;
  /** Authorities to believe instead of those of this machine, PEM. */
  readonly caPem: string | undefined;
  readonly token: string;
}

/** The name as TLS has it: an IPv6 address without its brackets. */
function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}

/** Errors of OpenSSL and of Node about a certificate have such codes. */
const ABOUT_CERTIFICATES = /CERT|SELF_SIGNED|SIGNATURE|ISSUER|ALTNAME/;

function notReached({ url, caPem }: Remote, cause: unknown): PatchError {
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  if (ABOUT_CERTIFICATES.test(code)) {
    const remedy =
      caPem === undefined
        ? 'If it is the manager, give --ca FILE: a copy of /var/lib/linux_patch_manager/ca/root.pem, brought from there in a way that nobody else can write to.'
        : 'Is the file of --ca from this manager, and the name in the URL one of its server.names?';
    return new PatchError(
      'MANAGER_UNTRUSTED',
      `What answers at ${url} did not prove to be the manager (${code}: ${messageOf(cause)}). Nothing was sent. ${remedy}`,
      { cause },
    );
  }
  return new PatchError(
    'MANAGER_NOT_RUNNING',
    `The manager does not answer at ${url} (${code || messageOf(cause)}). Is it running, are address and port right, and does a firewall let this machine through?`,
    { cause },
  );
}

/** Calls a manager elsewhere over TLS, as a program with an API token. */
function remoteConnection(remote: Remote): Connection {
  const url = new URL(remote.url);
  const host = hostOf(url);
  return {
    headers: { host: url.host, authorization: `Bearer ${remote.token}` },
    async connect() {
      const socket: TLSSocket = connect({
        host,
        port: Number(url.port || 443),
        rejectUnauthorized: true,
        ...(isIP(host) ? {} : { servername: host }),
        ...(remote.caPem === undefined ? {} : { ca: remote.caPem }),
      });
      // Errors after this reach the request that uses the connection.
      socket.on('error', () => {});
      try {
        await once(socket, 'secureConnect', { signal: AbortSignal.timeout(CONNECT_TIMEOUT_MS) });
        return socket;
      } catch (error) {
        socket.destroy();
        throw notReached(remote, error);
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
  return remoteConnection({ url, caPem, token: await readToken(files, tokenFile) });
}
