import { availableParallelism } from 'node:os';
import { CHECK_STEPS } from './check-steps.ts';
import { runStep, type StepResult } from './steps.ts';

function report(result: StepResult): void {
  process.stdout.write(
    `${result.ok ? 'ok  ' : 'FAIL'} ${result.step.name} (${result.seconds.toFixed(1)} s)\n`,
  );
  if (!result.ok) process.stdout.write(`${result.output.trim()}\n\n`);
}

const waiting = [...CHECK_STEPS];
let failed = 0;

async function worker(): Promise<void> {
  for (let step = waiting.shift(); step; step = waiting.shift()) {
    const result = await runStep(step, process.cwd());
    if (!result.ok) failed += 1;
    report(result);
  }
}

await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, worker));
process.stdout.write(
  failed === 0 ? 'check ok\n' : `check failed: ${failed} of ${CHECK_STEPS.length} steps\n`,
);
process.exitCode = failed === 0 ? 0 : 1;
