import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { ensurePrograms } from '../../../../tools/system-packages.ts';
import { buildToyRepository } from '../apt/repository.ts';
import { runWithinLimit } from '../case-limit.ts';
import { FAULT_CHAPTERS } from './chapters.ts';
import type { FaultCase } from './fault-case.ts';
import { type FaultShelf, openFaultWorld, startSharedManager } from './world.ts';

/** Cases mostly wait for an agent that waits. */
const AT_ONCE = 4;
/** Longer than the longest wait that an agent chooses, and a busy machine. */
const LIMIT_MS = 900_000;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

/** Runs one case; the line it prints ends with what it proved. */
async function runCase(shelf: FaultShelf, one: FaultCase, number: number): Promise<boolean> {
  const startedMs = performance.now();
  try {
    const servedAfterMs = await runWithinLimit(
      LIMIT_MS,
      () => openFaultWorld(shelf, number, one.sees),
      async (world) => {
        await one.run(world);
        return world.servedAfterMs;
      },
    );
    if (servedAfterMs === undefined) throw new Error('the case never mended its fault');
    const waited = one.person ? 'after the approval or the mending' : 'by itself';
    say(`ok    serves after ${seconds(servedAfterMs).padStart(7)}  ${one.name}  (${waited})`);
    return true;
  } catch (error) {
    const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
    say(
      `FAIL  after ${seconds(performance.now() - startedMs)}  ${one.name}\n${words.replaceAll(/^/gm, '      ')}`,
    );
    return false;
  }
}

async function runAll(shelf: FaultShelf, cases: readonly FaultCase[]): Promise<number> {
  const queue = cases.map((one, index) => ({ one, number: index + 1 }));
  let failed = 0;
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      if (!(await runCase(shelf, next.one, next.number))) failed += 1;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return failed;
}

/** Programs the faults are made with; faketime brings the library that moves a program's calendar. */
const PROGRAMS = [
  ['openssl', 'openssl'],
  ['faketime', 'faketime'],
  ['gpgv', 'gpgv'],
] as const;

const words = process.argv.slice(2);
const cases = FAULT_CHAPTERS.flatMap((chapter) => chapter.cases).filter(
  (one) => words.length === 0 || words.some((word) => one.name.includes(word)),
);
if (cases.length === 0) throw new Error('No fault has these words in its name.');
if (process.getuid?.() !== 0)
  throw new Error('Full disks and read-only folders are mounted; run the fault suite as root.');
ensurePrograms('The fault suite', PROGRAMS);
const folder = await mkdtemp(join(tmpdir(), 'lp-faults-'));
const repository = await buildToyRepository({ folder: join(folder, 'repository') });
const startedMs = performance.now();
let failed = 0;
{
  await using manager = await startSharedManager(folder);
  failed = await runAll({ folder, repository, manager }, cases);
}
if (failed === 0) await rm(folder, { recursive: true, force: true });
else say(`\nWhat the programs said lies in ${folder}`);
say(`\n${cases.length} faults in ${seconds(performance.now() - startedMs)}`);
say(`${cases.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
