import { pacmanVersionKey } from './pacman-version-key.ts';
import { rpmVersionKey } from './rpm-version-key.ts';
import { dpkgVersionKey } from './version-key.ts';

type MakeKey = (version: string) => Uint8Array | undefined;

/** Whose versions can be put in order, and the bytes that do so. */
const KEYS = { dpkg: dpkgVersionKey, rpm: rpmVersionKey, pacman: pacmanVersionKey } as const satisfies Record<
  string,
  MakeKey
>;

export type OrderedEcosystem = keyof typeof KEYS;

export const ORDERED_ECOSYSTEMS = Object.keys(KEYS) as OrderedEcosystem[];

/** Bytes that sort as the package manager sorts versions; undefined where that is not known. */
export function versionKey(eco: string, version: string): Uint8Array | undefined {
  return Object.hasOwn(KEYS, eco) ? KEYS[eco as OrderedEcosystem](version) : undefined;
}
