import { appendFile, copyFile, cp, mkdtemp, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { nodeCommands, systemClock, systemFiles } from '@linux-patch/runtime/node';
import { packageEnvironment } from '../../../agent/src/packages/environment.ts';
import { openPackageManager } from '../../../agent/src/packages/open.ts';
import { createPrivateAptRoot, type PrivateAptRoot } from '../apt/private-root.ts';
import { must } from '../process.ts';
import { type Measurement, percentile, rowOf, TABLE_HEAD } from './report.ts';

const TURNS = 9;
const STATUS = 'var/lib/dpkg/status';

/** A root with the packages, sources and lists of this machine, which itself stays as it is. */
async function mirrorOfThisMachine(folder: string): Promise<PrivateAptRoot> {
  const nothing = { uri: 'file:/nowhere', suites: [], keyringPath: '/nowhere' };
  const apt = await createPrivateAptRoot({ folder, repository: nothing });
  await rm(join(folder, 'etc/apt/sources.list.d'), { recursive: true });
  for (const name of ['sources.list', 'sources.list.d', 'preferences', 'preferences.d']) {
    await cp(join('/etc/apt', name), join(folder, 'etc/apt', name), { recursive: true }).catch(() => {});
  }
  await rm(join(folder, 'var/lib/apt/lists'), { recursive: true });
  await symlink('/var/lib/apt/lists', join(folder, 'var/lib/apt/lists'));
  await copyFile(join('/', STATUS), join(folder, STATUS));
  return apt;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}

/** An empty line changes time and size, and nothing else: what a job of dpkg does to the caches. */
function change(apt: PrivateAptRoot): Promise<void> {
  return appendFile(join(apt.folder, STATUS), '\n');
}

async function measure(apt: PrivateAptRoot) {
  const packages = await openPackageManager({
    root: apt.folder,
    files: systemFiles,
    clock: systemClock,
    configured: 'auto',
    commands: nodeCommands(packageEnvironment(apt.folder)),
  });
  const listing = () => packages.inventory.listPatches();
  const aptList = async () => must(await apt.run('apt', ['list', '--upgradable']), 'apt list');
  const { patches } = await listing();
  const ours: number[] = [];
  const theirs: number[] = [];
  const again: number[] = [];
  // In turn, so that what else the machine does falls on both.
  for (let turn = 0; turn < TURNS; turn += 1) {
    await change(apt);
    ours.push(await timed(listing));
    again.push(await timed(listing));
    await change(apt);
    theirs.push(await timed(aptList));
  }
  const installed = (await packages.inventory.listPackages()).length;
  return { installed, pending: patches.length, ours, theirs, again };
}

/** The benchmark of listings, on the packages and lists of this machine; the exit code. */
export async function benchListing(say: (line: string) => void): Promise<number> {
  const lists = await stat('/var/lib/apt/lists').catch(() => undefined);
  if (!lists) {
    say('bench:listing: this machine has no lists of apt, so there is nothing to measure');
    return 1;
  }
  const folder = await mkdtemp(join(tmpdir(), 'linux-patch-bench-'));
  try {
    const { installed, pending, ours, theirs, again } = await measure(await mirrorOfThisMachine(folder));
    say(`Listings: ${installed} packages installed, ${pending} updates pending, median of ${TURNS}`);
    const [our, their] = [percentile(ours, 0.5), percentile(theirs, 0.5)];
    const rows: Measurement[] = [
      { what: 'listing after a change of the package database', value: our, unit: 'ms' },
      { what: '`apt list --upgradable` after the same', value: their, unit: 'ms' },
      { what: 'the first as a share of the second', value: our / their, unit: '×' },
      { what: 'listing when nothing changed', value: percentile(again, 0.5), unit: 'ms' },
    ];
    say(`\n${TABLE_HEAD}\n${rows.map(rowOf).join('\n')}\n`);
    say(
      `bench:listing: a changed listing takes ${(our / their).toFixed(2)} times as long as apt list --upgradable`,
    );
    return 0;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
