import { z } from 'zod';
import { lazily } from '../lazily.ts';
import { Output } from '../text-bounds.ts';

/** Fingerprint of an OpenPGP key, version 4 or 6, in hexadecimal digits without spaces (RFC 9580 §5.5.4). */
export const ReleaseKeyFingerprint = z
  .string()
  .regex(
    /^(?:[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64})$/,
    'must be the fingerprint of the release key: 40 or 64 hexadecimal digits without spaces, as "gpg --list-keys" shows it',
  )
  .transform((text) => text.toUpperCase());

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** Answer of `GET /install`. */
export const InstallSources = lazily(() =>
  z.object({
    release_key: Output.nullable().meta({
      description: 'Fingerprint of the key that signs what hosts install; null where nobody has set it.',
    }),
    apt: z
      .array(z.string().max(16))
      .max(16)
      .meta({ description: 'Architectures for which there is a repository for apt.' }),
    packages: z.array(z.string().max(16)).max(16).meta({
      description: 'Architectures for which there are packages for dnf, zypper and pacman.',
    }),
    script_sha256: Sha256.meta({ description: 'Of `/install/join.sh`.' }),
    ca_sha256: Sha256.meta({ description: 'Of `/api/v1/pki/ca.pem`, byte for byte.' }),
  }),
);
export type InstallSources = z.infer<typeof InstallSources>;
