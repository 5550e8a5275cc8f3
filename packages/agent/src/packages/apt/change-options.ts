import { NEUTRAL_OPTIONS } from './neutral-options.ts';

/**
 * Edited configuration files stay; options of apt.conf and dpkg.cfg come before these, and dpkg asks for each by itself
 * (dpkg(1), `--force-things`).
 */
export const CONFFILE_OPTIONS: readonly string[] = [
  '--force-confdef',
  '--force-confold',
  '--no-force-confnew',
  '--no-force-confask',
];

/** Non-interactive, edited configuration files stay, progress on descriptor 3. */
export const CHANGE_OPTIONS: readonly string[] = [
  ...NEUTRAL_OPTIONS,
  '-y',
  '-o',
  'APT::Status-Fd=3',
  '-o',
  'DPkg::Lock::Timeout=60',
  // With a terminal of its own a script that asks on /dev/tty would wait for an answer for ever.
  '-o',
  'Dpkg::Use-Pty=0',
  ...CONFFILE_OPTIONS.flatMap((one) => ['-o', `Dpkg::Options::=${one}`]),
];

/**
 * apt's permission and dpkg's: where `DPKG_FORCE` is set it replaces dpkg's own defaults, of which this is one, and dpkg
 * then skips the package and still ends well (dpkg(1)).
 */
export const ALLOW_DOWNGRADE: readonly string[] = [
  '--allow-downgrades',
  '-o',
  'Dpkg::Options::=--force-downgrade',
];
