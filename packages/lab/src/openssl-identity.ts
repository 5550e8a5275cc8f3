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

/** Writes `ca.pem`, `server.pem`, `server.key.pem` into `folder`, and the client pair beside it into `client/`. */
export async function makeOpensslIdentity(options: {
  readonly folder: string;
  readonly fqdn: string;
  readonly address: string;
  /** Validity of the server certificate in days; negative makes an expired one. */
  readonly days?: number;
  readonly clientName?: string;
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
  const caKey = join(client, 'ca.key.pem');
  openssl(
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '3650',
    '-keyout',
    caKey,
    '-out',
    files.ca,
    '-subj',
    '/CN=Handmade CA',
    '-addext',
    'basicConstraints=critical,CA:TRUE',
    '-addext',
    'keyUsage=critical,keyCertSign,cRLSign',
  );
  const sign = async (
    subject: string,
    key: string,
    out: string,
    extensions: string,
    days: number,
  ): Promise<void> => {
    const request = join(client, 'request.pem');
    const extensionFile = join(client, 'extensions.cnf');
    await writeFile(extensionFile, extensions);
    openssl(
      'req',
      '-new',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      key,
      '-out',
      request,
      '-subj',
      subject,
    );
    openssl(
      'x509',
      '-req',
      '-in',
      request,
      '-CA',
      files.ca,
      '-CAkey',
      caKey,
      '-CAcreateserial',
      '-days',
      String(days),
      '-extfile',
      extensionFile,
      '-out',
      out,
    );
    await rm(request);
  };
  await sign(
    `/CN=${options.fqdn}-server`,
    files.key,
    files.certificate,
    `subjectAltName=DNS:${options.fqdn},IP:${options.address}\nextendedKeyUsage=serverAuth\n`,
    options.days ?? 365,
  );
  await sign(
    `/CN=${options.clientName ?? 'patch-manager-client'}`,
    files.clientKey,
    files.clientCertificate,
    'extendedKeyUsage=clientAuth\n',
    365,
  );
  return files;
}
