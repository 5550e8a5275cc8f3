import { spawn } from 'node:child_process';
import { ensureTestPrograms } from './system-packages.ts';

ensureTestPrograms();
const child = spawn('vitest', ['run', ...process.argv.slice(2)], { stdio: 'inherit' });
child.once('close', (code) => {
  process.exitCode = code ?? 1;
});
