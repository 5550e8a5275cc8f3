/** Package managers that this release can drive: what `package_manager.backend` may name, and what is opened. */
export const BACKENDS = ['apt', 'dnf', 'zypper', 'pacman'] as const;
export type Backend = (typeof BACKENDS)[number];
