import type { PackageLimits } from '../adapter.ts';

export const PACMAN_LIMITS: PackageLimits = {
  someUpdates:
    'pacman supports no upgrade of single packages, because its repositories build each package for the newest versions of all others: apply all updates, and exclude what has to stay.',
  securityUpdates:
    "pacman's repositories do not say which updates mend security faults, and nobody supports taking only some of them: apply all updates, and exclude what has to stay.",
};

/** Why pacman does not hold packages. */
export const NO_HOLD =
  'pacman has no command that holds packages: name them in IgnorePkg of /etc/pacman.conf on the host, which counts as held at once. Nothing was changed.';
