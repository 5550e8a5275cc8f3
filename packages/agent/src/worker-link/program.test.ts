import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { WORKER_OPTIONS, workerCommand } from './program.ts';

it('an agent starts the worker that came with it', () => {
  expect(
    workerCommand('/usr/lib/linux-patch-api/node', '/usr/lib/linux-patch-api/linux-patch-api.cjs'),
  ).toEqual([
    '/usr/lib/linux-patch-api/node',
    ...WORKER_OPTIONS,
    '/usr/lib/linux-patch-api/linux-patch-worker.cjs',
  ]);
  expect(workerCommand('/opt/node', '/opt/x/packages/agent/src/main.ts')).toEqual([
    '/opt/x/bin/linux-patch-worker',
  ]);
});

it('a worker that systemd starts runs on the same options', () => {
  const unit = join(import.meta.dirname, '../../../../packaging/agent/linux-patch-worker@.service');
  const [start = ''] = /^ExecStart=.*$/m.exec(readFileSync(unit, 'utf8')) ?? [];
  const script = '/usr/lib/linux-patch-api/linux-patch-worker.cjs request';
  expect(start).toContain(`/usr/lib/linux-patch-api/node ${WORKER_OPTIONS.join(' ')} ${script}`);
});
