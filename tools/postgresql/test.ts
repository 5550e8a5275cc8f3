import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { ensureTestPrograms } from '../system-packages.ts';
import { makeTestPrograms } from '../test-programs.ts';
import { startPostgres } from './server.ts';

/** The manager's tests on PostgreSQL; arguments choose some of them. */
ensureTestPrograms();
await using programs = await makeTestPrograms();
await using server = await startPostgres();
const config = ['--config', 'tools/postgresql/vitest.config.ts'];
const tests = spawn('vitest', ['run', ...config, ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: { ...process.env, ...programs.env, LINUX_PATCH_TEST_POSTGRESQL: server.socket },
});
// The server outlives the tests, and nothing outlives this.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => tests.kill(signal));
const [code] = (await once(tests, 'close')) as [number | null];
process.exitCode = code ?? 1;
