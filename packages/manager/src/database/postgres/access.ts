import { hostname } from 'node:os';
import { PatchError } from '@linux-patch/contract';
import type { Files } from '@linux-patch/runtime';
import type { PostgresAddress } from '../../config/database-url.ts';
import type { PostgresAccess } from './sessions.ts';

const MAX_PASSWORD_BYTES = 4_096;

/** @throws PatchError `CONFIG_INVALID` for a file that others may read, or that has no password */
async function readPassword(files: Files, path: string): Promise<string> {
  const facts = await files.factsBehind(path);
  const refuse = (why: string): never => {
    throw new PatchError('CONFIG_INVALID', `The password of the database in ${path} is not used: ${why}.`);
  };
  if (facts?.kind !== 'file') return refuse('there is no such file');
  if ((facts.mode & 0o077) !== 0)
    return refuse(
      `others may read it (mode ${facts.mode.toString(8).padStart(4, '0')}); make it 0600 (chmod 600 ${path}), and see that nobody took it`,
    );
  const line = (await files.readTextLimited(path, MAX_PASSWORD_BYTES))?.split(/\r?\n/, 1)[0] ?? '';
  return line === '' ? refuse('its first line is empty') : line;
}

/**
 * How the database of the configuration is reached. Passwords are read at each connection, so that a new one counts without a restart.
 * @throws PatchError `CONFIG_INVALID` for a file that is missing, or that others may read
 */
export async function postgresAccess(
  files: Files,
  address: PostgresAddress,
  passwordFile: string | undefined,
): Promise<PostgresAccess> {
  const { rootCertificateFile: rootFile } = address;
  const rootCertificates = rootFile === undefined ? undefined : await files.readText(rootFile);
  if (rootFile !== undefined && !rootCertificates?.includes('-----BEGIN CERTIFICATE-----'))
    throw new PatchError(
      'CONFIG_INVALID',
      `${rootFile}, the sslrootcert of database.url, has no certificate in PEM form.`,
    );
  if (passwordFile !== undefined) await readPassword(files, passwordFile);
  return {
    address,
    password: passwordFile === undefined ? undefined : () => readPassword(files, passwordFile),
    rootCertificates,
    name: `linux-patch-manager on ${hostname()}`,
  };
}
