import { execFileSync } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { stdio: 'pipe' });
}

/** A CA, an agent's set and a manager's client pair, made by openssl as an administrator would by hand. */
export interface OpensslIdentity {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
  readonly clientCertificate: string;
  readonly clientKey: string;
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

interface Authority {
  readonly folder: string;
  readonly certificate: string;
  readonly key: string;
}

interface Wish {
  readonly subject: string;
  readonly key: string;
  readonly out: string;
  readonly extensions: string;
  readonly days: number;
}

async function sign(authority: Authority, wish: Wish): Promise<void> {
  const request = join(authority.folder, 'request.pem');
  const extensions = join(authority.folder, 'extensions.cnf');
  await writeFile(extensions, wish.extensions);
  openssl('req', '-new', ...NEW_KEY, '-keyout', wish.key, '-out', request, '-subj', wish.subject);
  const issuer = ['-CA', authority.certificate, '-CAkey', authority.key, '-CAcreateserial'];
  openssl(
    'x509',
    '-req',
    '-in',
    request,
    ...issuer,
    '-days',
    String(wish.days),
    '-extfile',
    extensions,
    '-out',
    wish.out,
  );
  await rm(request);
}

/** Writes `ca.pem`, `server.pem`, `server.key.pem` into `folder`, and the client pair beside it into `client/`. */
export async function makeOpensslIdentity(options: {
  readonly folder: string;
  readonly fqdn: string;
  readonly address: string;
  /** Common name of the server certificate; by default that of a host. */
  readonly commonName?: string;
  /** Validity of the server certificate in days; 0 makes one that expires at once. */
  readonly days?: number;
}): Promise<OpensslIdentity> {
  const { folder } = options;
  const client = join(folder, 'client');
  await mkdir(client, { recursive: true });
  const files: OpensslIdentity = {
    ca: join(folder, 'ca.pem'),
    certificate: join(folder, 'server.pem'),
    key: join(folder, 'server.key.pem'),
    clientCertificate: join(client, 'client.pem'),
    clientKey: join(client, 'client.key.pem'),
  };
  const authority = { folder: client, certificate: files.ca, key: join(client, 'ca.key.pem') };
  const usage = [
    '-addext',
    'basicConstraints=critical,CA:TRUE',
    '-addext',
    'keyUsage=critical,keyCertSign,cRLSign',
  ];
  openssl(
    'req',
    '-x509',
    ...NEW_KEY,
    '-days',
    '3650',
    '-keyout',
    authority.key,
    '-out',
    files.ca,
    '-subj',
    '/CN=Handmade CA',
    ...usage,
  );
  await sign(authority, {
    subject: `/CN=${options.commonName ?? `${options.fqdn}-server`}`,
    key: files.key,
    out: files.certificate,
    extensions: `subjectAltName=DNS:${options.fqdn},IP:${options.address}\nextendedKeyUsage=serverAuth\n`,
    days: options.days ?? 365,
  });
  await sign(authority, {
    subject: '/CN=patch-manager-client',
    key: files.clientKey,
    out: files.clientCertificate,
    extensions: 'extendedKeyUsage=clientAuth\n',
    days: 365,
  });
  return files;
}
