import { isPatchError, PatchError } from '@linux-patch/contract';
import { type IdentityStatus, validateIdentity } from '@linux-patch/pki';
import type { Clock, Files } from '@linux-patch/runtime';
import { createIdentity, type Identity } from '../identity.ts';
import { inspectIdentity } from '../inspect.ts';
import type { Material } from './material.ts';
import type { CertificatePaths } from './paths.ts';

/** Where the identity of this host lies, and by what it is judged. */
export interface IdentityPlace {
  readonly files: Files;
  readonly paths: CertificatePaths;
  readonly clock: Clock;
  /** With fewer days left it counts as expiring soon, and is renewed at the latest. */
  readonly thresholdDays: number;
}

/** Where the identity lies and by what it is judged, as the configuration has it. */
export function identityPlace(
  { files, clock }: Pick<IdentityPlace, 'files' | 'clock'>,
  { tls, enrollment }: IdentityConfig,
): IdentityPlace {
  const paths = { ca: tls.ca_cert, certificate: tls.server_cert, key: tls.server_key, crl: tls.crl_path };
  return { files, paths, clock, thresholdDays: enrollment.cert_renewal_threshold_days };
}

interface IdentityConfig {
  readonly tls: Readonly<Record<'ca_cert' | 'server_cert' | 'server_key' | 'crl_path', string>>;
  readonly enrollment: { readonly cert_renewal_threshold_days: number };
}

/** The status of the identity on disk, now. */
export async function identityStatus(place: IdentityPlace): Promise<IdentityStatus> {
  return (await inspectIdentity(place)).status;
}

/**
 * The set on disk, whatever its state, read in one go and judged now.
 * @param before the identity that it may take the place of
 * @throws PatchError `CERT_MISSING` or `CERT_CORRUPT` where a file of it is missing or cannot be read
 */
export async function readIdentity(place: IdentityPlace, before?: Identity): Promise<Identity> {
  const { status, set } = await inspectIdentity(place);
  if (set) return createIdentity(set, before);
  if ('code' in status) throw new PatchError(status.code, status.message);
  const message = `The revocation list ${place.paths.crl} or the notes beside the certificates cannot be read. Check what they are.`;
  throw new PatchError('CERT_CORRUPT', message);
}

/** The same; undefined where there is no complete set that can be read. */
export async function findIdentity(place: IdentityPlace): Promise<Identity | undefined> {
  try {
    return await readIdentity(place);
  } catch (error) {
    if (isPatchError(error)) return undefined;
    throw error;
  }
}

/** How a set is judged now; what lies on disk does not count. */
export function judgeMaterial(
  { paths, clock, thresholdDays }: IdentityPlace,
  material: Material,
): IdentityStatus {
  const candidate = {
    ca: { path: paths.ca, text: material.caPem },
    certificate: { path: paths.certificate, text: material.certificatePem },
    key: { path: paths.key, text: material.keyPem },
    crl: { path: paths.crl, text: material.crlPem },
  };
  return validateIdentity(candidate, { occasion: 'start', now: clock.now(), thresholdDays }).status;
}
