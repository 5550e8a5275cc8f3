import type { LabHost } from '../hosts/host.ts';

/** Where a host's own programs keep records of anything that happens, and what is not on the disk. */
const RECORDS = [
  '/proc',
  '/sys',
  '/run',
  '/tmp',
  '/dev',
  '/srv',
  '/var/log',
  '/var/lib/dpkg',
  '/var/lib/apt',
  '/var/lib/rpm',
  '/var/lib/dnf',
  '/var/lib/pacman',
  '/var/cache',
  // What useradd(8) and userdel(8) keep of the files before each change.
  ...['passwd', 'shadow', 'group', 'gshadow', 'subuid', 'subgid'].map((name) => `/etc/${name}-`),
];

/** Every path on the disk but records. A log folder of ours is not a record. */
export async function everyPath(host: LabHost): Promise<Set<string>> {
  const pruned = RECORDS.flatMap((path) => ['-path', path, '-o']).slice(0, -1);
  const listing = await host.must('find', ['/', '-xdev', '(', ...pruned, ')', '-prune', '-o', '-print']);
  const logs = await host.run('find', ['/var/log', '-path', '*linux_patch*']);
  return new Set(`${listing}${logs.stdout}`.split('\n').filter(Boolean));
}

/** Paths that are there now and were not before. */
export async function pathsAddedSince(host: LabHost, before: ReadonlySet<string>): Promise<string[]> {
  return [...(await everyPath(host))].filter((path) => !before.has(path));
}
