import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { WORKER_OPTIONS, workerCommand } from './program.ts';
import { REFRESH_UNITS, WORKER_UNITS } from './unit-fault.ts';

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

it.each([
  [WORKER_UNITS, '--without-network'],
  [REFRESH_UNITS, '--only-refresh'],
])(
  'a worker that systemd starts for $0.path runs on the same options, and does its part alone',
  (units, part) => {
    const unit = (name: string): string =>
      readFileSync(join(import.meta.dirname, '../../../../packaging/agent', name), 'utf8');
    const [start = ''] = /^ExecStart=.*$/m.exec(unit(units.service)) ?? [];
    const script = `/usr/lib/linux-patch-api/linux-patch-worker.cjs request ${part}`;
    expect(start).toContain(`/usr/lib/linux-patch-api/node ${WORKER_OPTIONS.join(' ')} ${script}`);
    expect(unit(units.socket)).toContain(`\nListenStream=${units.path}\n`);
  },
);
