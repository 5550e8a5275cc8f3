import { run } from '../build/shell.ts';

/** The key that signs what hosts install; its secret half is gpg's, on a card for example. */
export interface ReleaseKey {
  /** Fingerprint of the primary key, hexadecimal, in capitals. */
  readonly fingerprint: string;
  /** Writes the public key alone, in the binary form that gpgv and apt read. */
  writePublic(target: string): void;
  /** Writes the signed text, and the signature alone. */
  signInline(file: string, target: string): void;
  signDetached(file: string, target: string): void;
}

const FINGERPRINT = /^(?:[0-9A-F]{40}|[0-9A-F]{64})$/;

/**
 * Finds the release key in the keyring of whoever builds (`GNUPGHOME`).
 * @throws for anything but a whole fingerprint: a shorter id, a name or an address could be somebody else's key
 */
export function findReleaseKey(wanted: string): ReleaseKey {
  const fingerprint = wanted.replaceAll(' ', '').toUpperCase();
  if (!FINGERPRINT.test(fingerprint))
    throw new Error(
      `--release-key ${wanted}: give the whole fingerprint, as "gpg --list-secret-keys" shows it.`,
    );
  const exact = `${fingerprint}!`;
  const gpg = (...args: string[]): string => run('gpg', ['--batch', '--yes', '--no-tty', ...args]);
  const listed = gpg('--with-colons', '--list-secret-keys', fingerprint);
  const primary = /^sec:.*\n(?:grp:.*\n)?fpr:+([0-9A-F]+):/m.exec(listed)?.[1];
  if (primary !== fingerprint)
    throw new Error(
      `--release-key ${fingerprint}: gpg has no secret primary key of this fingerprint; a subkey cannot be named.`,
    );
  const sign = (how: string, file: string, target: string): void => {
    gpg('--local-user', exact, '--digest-algo', 'SHA512', '--output', target, how, file);
  };
  return {
    fingerprint,
    writePublic: (target) =>
      void gpg('--export-options', 'export-minimal', '--output', target, '--export', fingerprint),
    signInline: (file, target) => sign('--clearsign', file, target),
    signDetached: (file, target) => sign('--detach-sign', file, target),
  };
}
