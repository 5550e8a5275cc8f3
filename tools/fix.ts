import { runStep } from './steps.ts';

for (const step of [
  { name: 'format', program: 'biome', args: ['check', '--write', '.'] },
  { name: 'width of options', program: 'node', args: ['tools/wide-options.ts', '--write'] },
  { name: 'generated docs', program: 'node', args: ['tools/gen/main.ts'] },
]) {
  const result = await runStep(step, process.cwd());
  process.stdout.write(`${result.ok ? 'ok  ' : 'FAIL'} ${step.name}\n${result.ok ? '' : result.output}`);
  if (!result.ok) process.exitCode = 1;
}
