import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { ensureTestPrograms } from './system-packages.ts';
import { makeTestPrograms } from './test-programs.ts';
import { ensureZypper } from './zypper-beside-dnf.ts';

ensureTestPrograms();
ensureZypper();
await using programs = await makeTestPrograms();
const tests = spawn('vitest', ['run', ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: { ...process.env, ...programs.env },
});
// The programs outlive the tests, and nothing outlives this.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => tests.kill(signal));
const [code] = (await once(tests, 'close')) as [number | null];
process.exitCode = code ?? 1;
