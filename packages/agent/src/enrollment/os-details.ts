import { join } from 'node:path';
import type { OsDetails } from '@linux-patch/contract';
import type { Commands, Files } from '@linux-patch/runtime';

const COMMAND_TIMEOUT_MS = 5_000;

/** Fields of os-release(5), quotes removed. */
export function parseOsRelease(text: string): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const line of text.split('\n')) {
    const match = /^([A-Z0-9_]+)=(.*)$/.exec(line.trim());
    const [, name, value] = match ?? [];
    if (name !== undefined && value !== undefined) fields[name] = value.replace(/^(["'])(.*)\1$/, '$2');
  }
  return fields;
}

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
  const fields = parseOsRelease(text ?? '');
  const named = (key: string): string => fields[key] ?? 'unknown';
  return {
    os: 'linux',
    name: named('ID'),
    distro: named('NAME'),
    version: named('VERSION_ID'),
    version_id: named('VERSION_ID'),
    os_version: named('VERSION_ID'),
    ...(fields.ID_LIKE === undefined ? {} : { id_like: fields.ID_LIKE }),
    ...(fields.VERSION_CODENAME === undefined ? {} : { codename: fields.VERSION_CODENAME }),
    kernel: await uname(options.commands, '-r'),
    architecture: await uname(options.commands, '-m'),
  };
}
