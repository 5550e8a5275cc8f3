import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import { ensureTestPrograms } from '../../../../tools/system-packages.ts';
import { buildToyRepository, type ToyRepository } from '../apt/repository.ts';
import type { AttackCase } from './attack-case.ts';
import { ATTACK_CHAPTERS } from './chapters.ts';
import { openAttackWorld } from './world.ts';

const LIMIT_MS = 120_000;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Runs one case within its limit, and ends what it started. */
async function tryCase(one: AttackCase, repository: ToyRepository, folder: string): Promise<string> {
  const number = ALL.indexOf(one) + 1;
  const limitMs = one.limitMs ?? LIMIT_MS;
  const over = new AbortController();
  const late = pause(limitMs, undefined, { signal: over.signal }).then(() => {
    over.abort();
    throw new Error(`not done after ${limitMs / 1000} s`);
  });
  late.catch(() => {});
  await using world = await openAttackWorld({
    folder: join(folder, one.name),
    repository,
    number,
    signal: over.signal,
  });
  try {
    return await Promise.race([one.run(world), late]);
  } finally {
    over.abort();
  }
}

async function runCase(one: AttackCase, repository: ToyRepository, folder: string): Promise<boolean> {
  const startedMs = performance.now();
  const took = (): string => `${((performance.now() - startedMs) / 1000).toFixed(1).padStart(6)} s`;
  try {
    const measured = await tryCase(one, repository, folder);
    say(`ok   ${took()}  ${one.name}: ${measured}`);
    return true;
  } catch (error) {
    const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
    say(`FAIL ${took()}  ${one.name}\n${words.replaceAll(/^/gm, '      ')}`);
    return false;
  }
}

const ALL = ATTACK_CHAPTERS.flatMap((chapter) => chapter.cases);
const words = process.argv.slice(2);
const cases = ALL.filter((one) => words.length === 0 || words.some((word) => one.name.includes(word)));
if (cases.length === 0) throw new Error('No attack has these words in its name.');
ensureTestPrograms();
const folder = await mkdtemp(join(tmpdir(), 'lp-attacks-'));
const repository = await buildToyRepository({ folder: join(folder, 'repository') });
let failed = 0;
// One after the other: several measure memory and time of the programs they attack.
for (const one of cases) if (!(await runCase(one, repository, folder))) failed += 1;
if (failed === 0) await rm(folder, { recursive: true, force: true });
else say(`\nWhat the programs said lies in ${folder}`);
say(`${cases.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
