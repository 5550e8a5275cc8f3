import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { must, runProgram } from '../process.ts';

const KEY = [
  '%no-protection',
  'Key-Type: RSA',
  'Key-Length: 2048',
  'Name-Real: RpmLab',
  'Name-Email: lab@example.test',
  'Expire-Date: 0',
  '%commit',
  '',
].join('\n');

/** A key of its own that signs packages and metadata of rpm repositories. */
export interface RpmSigner {
  /** What repository files name as their `gpgkey`. */
  readonly keyPath: string;
  signRpms(paths: readonly string[]): Promise<void>;
  signFile(path: string): Promise<void>;
  /** Ends what GnuPG left running. */
  end(): Promise<void>;
}

/** Makes a key in a folder, which must have a short path: GnuPG keeps a socket in it. */
export async function createRpmSigner(folder: string): Promise<RpmSigner> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const env = { GNUPGHOME: folder };
  const keyPath = join(folder, 'key.asc');
  await writeFile(join(folder, 'parameters'), KEY);
  const gpg = async (...args: string[]) =>
    must(await runProgram('gpg', ['--batch', '--quiet', '--yes', ...args], { env }), 'gpg');
  await gpg('--gen-key', join(folder, 'parameters'));
  await gpg('--armor', '--output', keyPath, '--export', 'RpmLab');
  return {
    keyPath,
    async signRpms(paths) {
      const macros = ['--define', '__gpg /usr/bin/gpg', '--define', '_gpg_name RpmLab'];
      if (paths.length > 0)
        must(await runProgram('rpmsign', [...macros, '--addsign', ...paths], { env }), 'rpmsign');
    },
    signFile: async (path) => void (await gpg('--armor', '--detach-sign', '--output', `${path}.asc`, path)),
    end: async () => void (await runProgram('gpgconf', ['--kill', 'all'], { env })),
  };
}
