import { dirname, join } from 'node:path';

/** Where an agent's identity lives; the configured paths, or the fixed ones under the root. */
export interface CertificatePaths {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
  readonly crl: string;
}

/** File names inside a generation folder. */
export const GENERATION_FILES = {
  ca: 'ca.pem',
  certificate: 'server.pem',
  key: 'server.key.pem',
  crl: 'crl.pem',
} as const;

/** The folder with the generations and the link to the current one. It lies beside the private key. */
export function storeFolder(paths: CertificatePaths): string {
  return dirname(paths.key);
}

/** The link that makes a set of files current. */
export function currentLink(paths: CertificatePaths): string {
  return join(storeFolder(paths), 'current');
}
