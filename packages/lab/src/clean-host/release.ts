import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { REPOSITORY } from '../checkout.ts';
import type { ManagerProcess } from '../manager-process.ts';
import { must, runProgram } from '../process.ts';

/** A release key of its own, as whoever makes releases has one; the manager never sees its secret. */
export interface ReleaseDesk extends AsyncDisposable {
  readonly fingerprint: string;
  /** Signs the packages in a folder, and brings them to a manager. */
  publish(packages: string, manager: Pick<ManagerProcess, 'root'>): Promise<void>;
}

export async function openReleaseDesk(): Promise<ReleaseDesk> {
  const home = await mkdtemp(join(tmpdir(), 'lp-release-'));
  const env = { GNUPGHOME: home };
  const gpg = async (...args: string[]): Promise<string> =>
    must(await runProgram('gpg', ['--batch', '--no-tty', ...args], { env }), `gpg ${args.join(' ')}`).stdout;
  const passphrase = ['--passphrase', '', '--pinentry-mode', 'loopback'];
  await gpg(...passphrase, '--quick-gen-key', 'Release <release@lab.test>', 'ed25519', 'sign', 'never');
  const [, fingerprint = ''] = /^fpr:+([0-9A-F]{40}):/m.exec(await gpg('--with-colons', '--list-keys')) ?? [];
  return {
    fingerprint,
    async publish(packages, { root }) {
      const out = join(root, 'var/lib/linux_patch_manager/install');
      const builder = join(REPOSITORY, 'packaging/repository/main.ts');
      const args = [builder, '--release-key', fingerprint, '--packages', packages, '--out', out];
      must(await runProgram(process.execPath, args, { env }), 'build:repository');
    },
    async [Symbol.asyncDispose]() {
      await runProgram('gpgconf', ['--kill', 'all'], { env });
      await rm(home, { recursive: true, force: true });
    },
  };
}
