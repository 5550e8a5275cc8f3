import { z } from 'zod';

/** Where a database of PostgreSQL is; nothing secret. */
export interface PostgresAddress {
  /** A name, an address, or the folder of a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  /** Whether the server has to prove itself by a certificate for its name. */
  readonly tls: boolean;
  /** File with the certificates that prove it; undefined for those that the system trusts. */
  readonly rootCertificateFile: string | undefined;
  /** As messages name it. */
  readonly shown: string;
}

const FORM = 'postgresql://USER@HOST:PORT/NAME, or postgresql://USER@/NAME?host=/run/postgresql for a socket';
const URL_PATTERN =
  /^postgres(?:ql)?:\/\/(?<user>[^@/?#]+)@(?<host>\[[0-9a-fA-F:.]+\]|[^:@/?#[\]]*)(?::(?<port>\d{1,5}))?\/(?<database>[^/?#]+)(?:\?(?<query>[^#]*))?$/;
const KEYS = ['host', 'sslmode', 'sslrootcert'];
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/;

/** Not what was written: it may hold a password. */
class UrlFault extends Error {}

function decoded(text: string): string {
  try {
    const plain = decodeURIComponent(text);
    if (plain !== '' && !/\p{Cc}/u.test(plain)) return plain;
  } catch {
    // Said below.
  }
  throw new UrlFault(`must be ${FORM}`);
}

function readQuery(text: string | undefined): ReadonlyMap<string, string> {
  const entries = [...new URLSearchParams(text)];
  const strange = entries.find(([key]) => !KEYS.includes(key));
  if (strange) throw new UrlFault(`takes only ${KEYS.join(', ')} behind the question mark`);
  if (new Map(entries).size !== entries.length)
    throw new UrlFault('has something twice behind the question mark');
  return new Map(entries);
}

/** In plain text only what stays on this machine, unless the administrator says so. */
function wantsTls(host: string, mode: string | undefined): boolean {
  if (mode !== undefined && mode !== 'disable' && mode !== 'verify-full')
    throw new UrlFault('takes sslmode=verify-full or sslmode=disable; nothing in between proves the server');
  if (host.startsWith('/')) return false;
  return mode === undefined ? !LOOPBACK.test(host) : mode === 'verify-full';
}

/** The host of the URL, or the folder of a socket behind the question mark. */
function hostOf(named: string, socket: string | undefined): string {
  if ((named === '') === (socket === undefined) || (socket !== undefined && !socket.startsWith('/')))
    throw new UrlFault(`names either a host or, behind the question mark, the folder of a socket: ${FORM}`);
  return decoded(socket ?? named.replace(/^\[|\]$/g, ''));
}

function portOf(text: string | undefined): number {
  const port = Number(text ?? 5432);
  if (port < 1 || port > 65_535) throw new UrlFault('has a port that is none');
  return port;
}

/** @throws UrlFault that says what is wrong, without what was written */
function parseDatabaseUrl(text: string): PostgresAddress {
  const parts = URL_PATTERN.exec(text)?.groups;
  const { user = '', host: named = '', port, database = '' } = parts ?? {};
  if (user.includes(':'))
    throw new UrlFault(
      'holds a password; put it into a file of mode 0600 and name that in database.password_file',
    );
  if (!parts) throw new UrlFault(`must be ${FORM}`);
  const query = readQuery(parts.query);
  const socket = query.get('host');
  const host = hostOf(named, socket);
  const rootCertificateFile = query.get('sslrootcert');
  if (rootCertificateFile !== undefined && !rootCertificateFile.startsWith('/'))
    throw new UrlFault('names the file of sslrootcert by its whole path');
  return {
    host,
    port: portOf(port),
    user: decoded(user),
    database: decoded(database),
    tls: wantsTls(host, query.get('sslmode')),
    rootCertificateFile,
    shown: `postgresql://${user}@${named}${port ? `:${port}` : ''}/${database}${socket === undefined ? '' : `?host=${socket}`}`,
  };
}

/** `database.url`, read. */
export const PostgresUrl = z
  .string()
  .max(2_048)
  .transform((text, context): PostgresAddress => {
    try {
      return parseDatabaseUrl(text);
    } catch (error) {
      if (!(error instanceof UrlFault)) throw error;
      // Without the input, which may hold a password.
      context.addIssue({ code: 'custom', message: error.message });
      return z.NEVER;
    }
  });
