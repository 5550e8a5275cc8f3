import { expect, it } from 'vitest';
import { workerCommand } from './program.ts';

it('an agent starts the worker that came with it', () => {
  expect(
    workerCommand('/usr/lib/linux-patch-api/node', '/usr/lib/linux-patch-api/linux-patch-api.cjs'),
  ).toEqual([
    '/usr/lib/linux-patch-api/node',
    '--disable-sigusr1',
    '/usr/lib/linux-patch-api/linux-patch-worker.cjs',
  ]);
  expect(workerCommand('/opt/node', '/opt/x/packages/agent/src/main.ts')).toEqual([
    '/opt/x/bin/linux-patch-worker',
  ]);
});
