import { chmod, mkdtemp, rm, statfs } from 'node:fs/promises';
import { freemem } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { stripVTControlCharacters } from 'node:util';
import { runStep, type Step, type StepResult } from './steps.ts';
import { makeTestPrograms } from './test-programs.ts';

function script(name: string, ...args: string[]): Step {
  return {
    name: ['npm run', name, ...args].join(' '),
    program: 'npm',
    args: ['run', '--silent', name, '--', ...args],
  };
}

/**
 * What must pass besides the check. Two lanes run side by side, their steps one after the other: in one are the hosts, of
 * which each is a dozen processes; in the other what keeps one processor busy. More at a time takes longer in all.
 */
const LANES: readonly (readonly Step[])[] = [
  [script('test'), script('test:integration')],
  [script('lab'), script('test:packages'), script('test:attacks'), script('demo', '--once')],
];

/**
 * Each lane tests one file at a time. A dozen busy processes on two cores take half as long again for the same work as
 * three do, and what waits for a process that is started waits for all the others.
 */
const ONE_FILE_AT_A_TIME = { VITEST_MAX_WORKERS: '1' };

/** Taken by whichever lane is through first, so that both end at about the same time. */
const FOR_WHO_IS_FREE: readonly Step[] = [
  script('test:web'),
  ...['1/3', '2/3', '3/3'].map((part) => script('test:long', `--shard=${part}`)),
  script('test:postgresql'),
  script('test:faults'),
];

/** A file system in memory (tmpfs(5)), on Linux everywhere; and what the suites never fill, in bytes. */
const IN_MEMORY = '/dev/shm';
const ROOM = 8 * 1024 ** 3;

/**
 * Where the suites make their databases and package roots: in memory where there is room, because they flush to the disk
 * thousands of times what nobody will look for after a power cut.
 */
async function temporaryFolder(stack: AsyncDisposableStack): Promise<Readonly<Record<string, string>>> {
  const { bavail, bsize } = await statfs(IN_MEMORY).catch(() => ({ bavail: 0, bsize: 0 }));
  if (Math.min(bavail * bsize, freemem()) < ROOM) return {};
  const folder = await mkdtemp(join(IN_MEMORY, 'lp-'));
  // Short, for the names of sockets; and open, for tests that start programs as another user.
  await chmod(folder, 0o755);
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  return { TMPDIR: folder };
}

function minutes(seconds: number): string {
  return `${Math.floor(seconds / 60)} min ${String(Math.round(seconds % 60)).padStart(2, '0')} s`;
}

/** Lines with which the suites name a case that failed. */
const NAMES_A_FAILURE = /^\s*(?:FAIL|×|✗|error)\b|^\s*\S*Error\b/;
const NAMED_AT_MOST = 40;
const LAST_LINES = 15;

/** What a reader of the end of a long log needs of a step that failed: the cases by name, and its last words. */
function whatFailed({ step, output }: StepResult): string {
  const lines = stripVTControlCharacters(output).trimEnd().split('\n');
  const named = lines.filter((line) => NAMES_A_FAILURE.test(line)).slice(0, NAMED_AT_MOST);
  return [`failed: ${step.name}`, ...named, '...', ...lines.slice(-LAST_LINES)].join('\n');
}

/** Runs the steps, all of them: one that fails says nothing about the next. Returns those that failed. */
async function runSteps(steps: Iterable<Step>): Promise<StepResult[]> {
  const failed: StepResult[] = [];
  for (const step of steps) {
    const result = await runStep(step, process.cwd());
    const { ok, output, seconds } = result;
    if (!ok) failed.push(result);
    process.stdout.write(
      `\n===== ${ok ? 'ok  ' : 'FAIL'} ${step.name} (${minutes(seconds)})\n${output.trimEnd()}\n`,
    );
  }
  return failed;
}

const startedMs = performance.now();
await using stack = new AsyncDisposableStack();
Object.assign(process.env, ONE_FILE_AT_A_TIME, await temporaryFolder(stack));
// Once for all suites.
const programs = stack.use(await makeTestPrograms());
Object.assign(process.env, programs.env);
const left = FOR_WHO_IS_FREE.values();
const runLane = async (lane: readonly Step[]): Promise<StepResult[]> => [
  ...(await runSteps(lane)),
  ...(await runSteps(left)),
];
const failed = (await Promise.all(LANES.map(runLane))).flat();
const steps = LANES.flat().length + FOR_WHO_IS_FREE.length;
process.stdout.write(`\nEverything took ${minutes((performance.now() - startedMs) / 1000)}.\n`);
for (const result of failed) process.stdout.write(`\n${whatFailed(result)}\n`);
process.stdout.write(`steps: ${steps - failed.length} passed, ${failed.length} failed\n`);
process.exitCode = failed.length === 0 ? 0 : 1;
