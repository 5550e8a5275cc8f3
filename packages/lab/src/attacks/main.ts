import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { ensureTestPrograms } from '../../../../tools/system-packages.ts';
import { buildToyRepository, type ToyRepository } from '../apt/repository.ts';
import { runWithinLimit } from '../case-limit.ts';
import type { AttackCase } from './attack-case.ts';
import { ATTACK_CHAPTERS } from './chapters.ts';
import { openAttackWorld } from './world.ts';

const LIMIT_MS = 120_000;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function runCase(one: AttackCase, repository: ToyRepository, folder: string): Promise<boolean> {
  const startedMs = performance.now();
  const took = (): string => `${((performance.now() - startedMs) / 1000).toFixed(1).padStart(6)} s`;
  try {
    const place = { folder: join(folder, one.name), repository, number: ALL.indexOf(one) + 1 };
    const measured = await runWithinLimit(
      one.limitMs ?? LIMIT_MS,
      (signal) => openAttackWorld({ ...place, signal }),
      (world) => one.run(world),
    );
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
const tryOne = async (one: AttackCase): Promise<void> => {
  if (!(await runCase(one, repository, folder))) failed += 1;
};
const waiting = Promise.all(cases.filter((one) => one.waits).map(tryOne));
// One after the other: several measure memory and time of the programs they attack.
for (const one of cases) if (!one.waits) await tryOne(one);
await waiting;
if (failed === 0) await rm(folder, { recursive: true, force: true });
else say(`\nWhat the programs said lies in ${folder}`);
say(`${cases.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
