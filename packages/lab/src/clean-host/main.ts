import { mkdirSync, rmSync } from 'node:fs';
import { copyFile, cp, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { ensurePrograms } from '../../../../tools/system-packages.ts';
import { runWithinLimit } from '../case-limit.ts';
import { REPOSITORY } from '../checkout.ts';
import { type Flavour, imageOf, MOVING } from '../hosts/images.ts';
import { lacking, readMachine } from '../hosts/machine.ts';
import { runFolderName, sweepDeadRuns } from '../hosts/sweep.ts';
import { must, runProgram } from '../process.ts';
import type { CleanHostCase } from './case.ts';
import { FAKETIME } from './cases/trouble.ts';
import { CLEAN_HOST_CASES } from './cases.ts';
import { buildEarlierAgent } from './earlier-release.ts';
import { type LabShelf, openShelf, openWorld, type World, worldName } from './world.ts';

/** What hosts are made with. */
const PROGRAMS = [
  ['systemd-nspawn', 'systemd-container'],
  ['mmdebstrap', 'mmdebstrap'],
  ['ip', 'iproute2'],
  ['rpmbuild', 'rpm'],
  ['createrepo_c', 'createrepo-c'],
  ['repo-add', 'pacman-package-manager'],
  ['gpg', 'gnupg'],
  ['bsdtar', 'libarchive-tools'],
  ['curl', 'curl'],
  [FAKETIME, 'libfaketime'],
] as const;

/** Two cases keep two cores busy; with more of them each takes longer than it is worth. */
const AT_ONCE = 2;
/** How long a case may take unless it says otherwise. */
const LIMIT_MS = 10 * 60_000;

/** Worlds that were opened; one that was closed can be closed again. */
const worlds = new Set<World>();

/** Hosts are processes of their own: whoever stops a run must not leave them behind. */
async function closeWorlds(): Promise<never> {
  runs.length = 0;
  await Promise.allSettled([...worlds].map((world) => world[Symbol.asyncDispose]()));
  process.exit(1);
}

interface Run {
  readonly one: CleanHostCase;
  readonly flavour: Flavour;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Runs whose name has every word that was asked for; `a|b` is either. What moves has to be named. */
function chosen(words: readonly string[]): Run[] {
  const named = (flavour: Flavour) => words.some((word) => word.split('|').includes(flavour));
  const all = CLEAN_HOST_CASES.flatMap((one) => one.flavours.map((flavour) => ({ one, flavour })));
  const steady = all.filter(({ flavour }) => !MOVING.includes(flavour) || named(flavour));
  return steady.filter((run) =>
    words.every((word) => word.split('|').some((one) => `${run.flavour} ${run.one.name}`.includes(one))),
  );
}

async function runOne(shelf: LabShelf, run: Run, id: number): Promise<boolean> {
  const startedMs = performance.now();
  const { fault, note } = await attempt(shelf, run, id);
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1).padStart(5);
  const verdict = fault === undefined ? 'ok  ' : 'FAIL';
  say(`${verdict} ${seconds} s  ${run.flavour.padEnd(8)}  ${run.one.name}${note ? ` (${note})` : ''}`);
  if (fault !== undefined) say(fault.replaceAll(/^/gm, '       '));
  return fault === undefined;
}

async function attempt(
  shelf: LabShelf,
  { one, flavour }: Run,
  id: number,
): Promise<{ readonly fault?: string; readonly note?: string }> {
  try {
    const open = async (): Promise<World> => {
      const world = await openWorld(shelf, id);
      worlds.add(world);
      return world;
    };
    const note = await runWithinLimit(one.limitMs ?? LIMIT_MS, open, (world) => one.run(world, flavour));
    return note ? { note } : {};
  } catch (error) {
    return { fault: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

/** Takes runs from the list until it is empty. */
async function runAll(shelf: LabShelf, runs: Run[]): Promise<number> {
  let [failed, id] = [0, 0];
  const runNext = async (run: Run): Promise<void> => {
    id += 1;
    if (!(await runOne(shelf, run, id))) failed += 1;
  };
  const slow = runs.filter((run) => run.one.takesMinutes);
  for (const run of slow) runs.splice(runs.indexOf(run), 1);
  const worker = async (): Promise<void> => {
    for (let next = runs.shift(); next; next = runs.shift()) await runNext(next);
  };
  await Promise.all([...slow.map(runNext), ...Array.from({ length: AT_ONCE }, worker)]);
  return failed;
}

/** Says what the machine lacks before anything is booted, instead of hanging later. */
async function checkMachine(wanted: readonly Run[]): Promise<void> {
  const sizes = (takesMinutes: boolean) =>
    wanted.flatMap(({ one }) => ((one.takesMinutes ?? false) === takesMinutes ? (one.hosts ?? 2) : []));
  const largest = sizes(false).toSorted((a, b) => b - a);
  const hosts = [...sizes(true), ...largest.slice(0, AT_ONCE)].reduce((sum, size) => sum + size, 0);
  const words = lacking({ hosts, prefix: worldName('') }, await readMachine());
  if (words.length > 0) throw new Error(`This machine cannot run the clean-host suite.\n${words.join('\n')}`);
}

const runs = chosen(process.argv.slice(2));
if (process.getuid?.() !== 0)
  throw new Error('The clean-host suite boots hosts with systemd-nspawn; run it as root.');
if (runs.length === 0) throw new Error('No case has these words in its name.');
ensurePrograms('The clean-host suite', PROGRAMS);
const cache = join(REPOSITORY, '.cache/lab');
await sweepDeadRuns(cache);
await checkMachine(runs);
const folder = join(cache, runFolderName(process.pid));
const packages = join(folder, 'packages');
mkdirSync(join(packages, 'next'), { recursive: true });
const builder = ['packaging/build/main.ts', '--fast', '--zstd', '--arch', 'amd64', '--out', packages];
must(await runProgram(process.execPath, builder, { cwd: REPOSITORY }), 'building the packages');
const agentOnly = ['--program', 'linux-patch-api', '--format', 'rpm,pacman'];
const next = [...builder.slice(0, -1), join(packages, 'next'), ...agentOnly, '--revision', '2'];
// What is found out about a program by running it is the same for both.
for (const name of await readdir(packages)) {
  if (!name.endsWith('.profile')) continue;
  await copyFile(join(packages, name), join(packages, 'next', name.replace(/-1(?=\.amd64)/, '-2')));
}
must(await runProgram(process.execPath, next, { cwd: REPOSITORY }), 'building the next packages');
if (runs.some(({ one }) => one.upgrades))
  await cp(await buildEarlierAgent(), join(packages, 'earlier'), { recursive: true });
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void closeWorlds());
const shelf = await openShelf(folder, packages);
for (const flavour of new Set(runs.map((run) => run.flavour))) await imageOf(flavour);
const total = runs.length;
const failed = await runAll(shelf, runs);
if (failed === 0) rmSync(folder, { recursive: true, force: true });
say(`\n${total - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
