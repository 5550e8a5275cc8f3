import { hostname } from 'node:os';
import { PatchError } from '@linux-patch/contract';
import type { Files } from '@linux-patch/runtime';
import type { PostgresAddress } from '../../config/database-url.ts';
import { readSecretFile } from '../../config/secret-file.ts';
import type { PostgresAccess } from './sessions.ts';

const readPassword = (files: Files, path: string): Promise<string> =>
  readSecretFile(files, path, 'The password of the database');

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
