import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { IDENTITY_TRUSTS, KEY_ORIGINS, lazily, ManagerClient, RenewWindow } from '@linux-patch/contract';
import { plainCertificates } from '@linux-patch/pki';
import type { Files } from '@linux-patch/runtime';
import { HostBinding } from '@linux-patch/worker';
import { z } from 'zod';
import { type CertificatePaths, currentLink, currentTarget, storeFolder, unlessClosed } from './paths.ts';

/** How the current identity came about; kept beside it, because certificates do not say. */
export const IdentityMeta = lazily(() =>
  z.object({
    v: z.literal(1),
    trust: z.enum(IDENTITY_TRUSTS),
    /** The CA that vouched for the connection over which it came. */
    trust_issuer: z.string().optional(),
    key_origin: z.enum(KEY_ORIGINS),
    manager_url: z.string().nullable(),
    manager_client: ManagerClient.nullable(),
    installed_at: z.iso.datetime().nullable(),
    /** Address of this host that the manager was told last. */
    reported_address: z.string().optional(),
    /** Where between 60 % and 80 % of its life this certificate is renewed; drawn once and kept. */
    renewal_draw: z.number().min(0).max(1),
    /** Where the manager would like this certificate to be renewed. */
    renew_window: RenewWindow.optional(),
    /** SHA-256 of the certificate these notes are about: a file copied over it makes them void. */
    certificate_sha256: z.string().optional(),
    /** The host it was made for; an identity without it is bound to the host where it is first served. */
    host: HostBinding.optional(),
  }),
);
export type IdentityMeta = z.infer<typeof IdentityMeta>;

/** Certificates that somebody copied: nothing is known about them. */
export const MANUAL_IDENTITY: IdentityMeta = {
  v: 1,
  trust: 'manual',
  key_origin: 'unknown',
  manager_url: null,
  manager_client: null,
  installed_at: null,
  renewal_draw: 0.5,
};

/** Name of the file inside a generation. */
export const META_FILE = 'meta.json';

/** SHA-256 of a certificate file's text, hex. */
export function certificateDigest(pem: string): string {
  return createHash('sha256').update(pem, 'utf8').digest('hex');
}

function parseMeta(text: string): IdentityMeta | undefined {
  try {
    return IdentityMeta.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/**
 * What is known about the current identity. Unreadable notes, and notes about another certificate than the one at the
 * configured path, count as none: then somebody copied the files.
 */
export async function readIdentityMeta(files: Files, paths: CertificatePaths): Promise<IdentityMeta> {
  const text = await unlessClosed(files.readText(join(currentLink(paths), META_FILE)));
  const meta = text === undefined ? undefined : parseMeta(text);
  if (meta?.certificate_sha256 === undefined) return meta ?? MANUAL_IDENTITY;
  const pem = await files.readText(paths.certificate).catch(() => undefined);
  // A comment beside the certificate does not make it another one.
  const digests = pem === undefined ? [] : [pem, plainCertificates(pem)].map(certificateDigest);
  return digests.includes(meta.certificate_sha256) ? meta : MANUAL_IDENTITY;
}

/** Writes down for which host the current identity is; notes that are void stay as they are. */
export async function noteHost(files: Files, paths: CertificatePaths, host: HostBinding): Promise<void> {
  const generation = await currentTarget(files, paths);
  if (generation === undefined) return;
  const path = join(storeFolder(paths), generation, META_FILE);
  const meta = parseMeta((await files.readText(path)) ?? '');
  if (!meta) return;
  await files.writeDurably({ path, data: `${JSON.stringify({ ...meta, host }, null, 2)}\n`, mode: 0o644 });
}
