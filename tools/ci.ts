import { performance } from 'node:perf_hooks';
import { runStep, type Step } from './steps.ts';

function script(name: string, ...args: string[]): Step {
  return {
    name: ['npm run', name, ...args].join(' '),
    program: 'npm',
    args: ['run', '--silent', name, '--', ...args],
  };
}

/**
 * What must pass besides the check. Lanes run side by side, their steps one after the other: what keeps the processors
 * busy is in one, what mostly waits for hosts is in the other.
 */
const LANES: readonly (readonly Step[])[] = [
  [script('test'), script('test:long'), script('test:attacks'), script('demo', '--once')],
  [script('test:packages'), script('lab'), script('test:faults')],
];

function minutes(seconds: number): string {
  return `${Math.floor(seconds / 60)} min ${String(Math.round(seconds % 60)).padStart(2, '0')} s`;
}

/** Runs the steps of a lane, all of them: one that fails says nothing about the next. */
async function runLane(lane: readonly Step[]): Promise<number> {
  let failed = 0;
  for (const step of lane) {
    const { ok, output, seconds } = await runStep(step, process.cwd());
    if (!ok) failed += 1;
    process.stdout.write(
      `\n===== ${ok ? 'ok  ' : 'FAIL'} ${step.name} (${minutes(seconds)})\n${output.trimEnd()}\n`,
    );
  }
  return failed;
}

const startedMs = performance.now();
const failed = (await Promise.all(LANES.map(runLane))).reduce((sum, count) => sum + count, 0);
const steps = LANES.flat().length;
process.stdout.write(`\nEverything took ${minutes((performance.now() - startedMs) / 1000)}.\n`);
process.stdout.write(`steps: ${steps - failed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
