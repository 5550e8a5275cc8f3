import { ensurePrograms } from '../../tools/system-packages.ts';
import type { Architecture, Format } from '../programs.ts';

/** Programs of a format, and the Debian package that has each. */
const OF_FORMAT: Readonly<Record<Format, readonly (readonly [string, string])[]>> = {
  deb: [['dpkg-deb', 'dpkg']],
  rpm: [['rpmbuild', 'rpm']],
  pacman: [
    ['bsdtar', 'libarchive-tools'],
    ['zstd', 'zstd'],
  ],
  apk: [],
};

const OF_ARCHITECTURE: Readonly<Record<Architecture, readonly (readonly [string, string])[]>> = {
  amd64: [['strip', 'binutils']],
  arm64: [['aarch64-linux-gnu-strip', 'binutils-aarch64-linux-gnu']],
};

/** Installs what the wanted packages are built with. */
export function ensureBuildPrograms(wanted: {
  readonly arch: readonly Architecture[];
  readonly format: readonly Format[];
  readonly lint?: boolean;
}): void {
  ensurePrograms('Building packages', [
    ...wanted.format.flatMap((one) => OF_FORMAT[one]),
    // For the certificates of the host that the agent's code cache is made with.
    ['openssl', 'openssl'],
    ...wanted.arch.flatMap((one) => OF_ARCHITECTURE[one]),
    ...(wanted.lint ? [['lintian', 'lintian'] as const] : []),
  ]);
}
