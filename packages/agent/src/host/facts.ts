import { machine } from 'node:os';
import { join } from 'node:path';
import type { Commands, Files } from '@linux-patch/runtime';
import { bootIdOf } from './boot-id.ts';
import { type OsRelease, parseOsRelease } from './os-release.ts';

/** What the kernel and the distribution say about this host. */
export interface HostFacts {
  readonly hostname: string;
  readonly fqdn: string;
  readonly osRelease: OsRelease;
  /** Kernel release, as `uname -r` prints it. */
  readonly kernel: string;
  /** Hardware name, as `uname -m` prints it. */
  readonly architecture: string;
  readonly uptimeSeconds: number;
  /** Differs after every boot, of a container, too; null in containers that hide it. */
  readonly bootId: string | null;
  /** Epoch milliseconds. */
  readonly lastBootMs: number | null;
}

const HOSTNAME_TIMEOUT_MS = 2_000;

/** Reads the facts of this host; os-release comes from under `root`, everything else from the running kernel. */
export async function readHostFacts(options: {
  readonly files: Files;
  readonly commands: Commands;
  readonly root: string;
}): Promise<HostFacts> {
  const { files, commands, root } = options;
  const proc = async (path: string): Promise<string> =>
    ((await files.readText(`/proc/${path}`)) ?? '').trim();
  const hostname = await proc('sys/kernel/hostname');
  const [uptime, stat, bootId, firstProcess, kernel, fqdn] = await Promise.all([
    proc('uptime'),
    proc('stat'),
    proc('sys/kernel/random/boot_id').catch(() => ''),
    proc('1/stat').catch(() => ''),
    proc('sys/kernel/osrelease'),
    findFqdn(commands, hostname),
  ]);
  const bootSeconds = /^btime (\d+)$/m.exec(stat)?.[1];
  return {
    hostname: hostname.split('.', 1)[0] ?? hostname,
    fqdn,
    osRelease: parseOsRelease(await readOsRelease(files, root)),
    kernel,
    architecture: machine(),
    uptimeSeconds: Math.floor(Number.parseFloat(uptime) || 0),
    bootId: bootIdOf(bootId, firstProcess),
    lastBootMs: bootSeconds === undefined ? null : Number(bootSeconds) * 1_000,
  };
}

/** os-release(5): the file in /etc comes before the one in /usr/lib. A private root may have neither. */
async function readOsRelease(files: Files, root: string): Promise<string> {
  const paths = ['etc/os-release', 'usr/lib/os-release'];
  for (const path of [...paths.map((one) => join(root, one)), ...paths.map((one) => join('/', one))]) {
    const text = await files.readText(path);
    if (text !== undefined) return text;
  }
  return '';
}

/** The resolver is asked through hostname(1); a host without DNS keeps the name it has. */
async function findFqdn(commands: Commands, hostname: string): Promise<string> {
  try {
    const result = await commands.run({
      program: 'hostname',
      args: ['-f'],
      timeoutMs: HOSTNAME_TIMEOUT_MS,
    });
    const name = result.stdout.trim();
    return result.exitCode === 0 && /^[\w.-]+$/.test(name) ? name : hostname;
  } catch {
    return hostname;
  }
}
