import { join } from 'node:path';
import type { OsDetails } from '@linux-patch/contract';
import type { Commands, Files } from '@linux-patch/runtime';
import { parseOsRelease } from './os-release.ts';

const COMMAND_TIMEOUT_MS = 5_000;

async function uname(commands: Commands, flag: string): Promise<string> {
  const result = await commands
    .run({ program: 'uname', args: [flag], timeoutMs: COMMAND_TIMEOUT_MS })
    .catch(() => undefined);
  return result?.exitCode === 0 ? result.stdout.trim() : 'unknown';
}

/** Facts about the system under every name that some generation of managers reads. */
export async function collectOsDetails(options: {
  readonly files: Files;
  readonly commands: Commands;
  readonly root: string;
}): Promise<OsDetails> {
  const text = await options.files.readText(join(options.root, 'etc/os-release')).catch(() => undefined);
  const { id, name, versionId, idLike, codename } = parseOsRelease(text ?? '');
  const version = versionId ?? 'unknown';
  return {
    os: 'linux',
    name: id ?? 'unknown',
    distro: name ?? 'unknown',
    version,
    version_id: version,
    os_version: version,
    ...(idLike === undefined ? {} : { id_like: idLike }),
    ...(codename === undefined ? {} : { codename }),
    kernel: await uname(options.commands, '-r'),
    architecture: await uname(options.commands, '-m'),
  };
}
