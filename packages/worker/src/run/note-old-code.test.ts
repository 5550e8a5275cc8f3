import { type JobOldCode, PatchError, type ServiceList } from '@linux-patch/contract';
import { expect, it } from 'vitest';
import type { JobContext, Work } from '../jobs/executor-interface.ts';
import type { JobRequest } from '../jobs/job-request.ts';
import { noteOldCode } from './note-old-code.ts';

const process = { pid: 7, program: 'sshd', files: ['/usr/lib/libc.so.6'], more_files: 0 };
const FOUND: ServiceList = {
  services: [
    { name: 'cron.service', manager: 'systemd', processes: 1, old_code: 'no', outdated: [] },
    { name: 'ssh.service', manager: 'systemd', processes: 1, old_code: 'yes', outdated: [process] },
  ],
  others: [{ ...process, belongs_to: 'session-3.scope' }],
  elsewhere: 4,
  unknown: [{ reason: 'what it runs cannot be read (EACCES)', processes: 2 }],
  left_out: 1,
  complete: false,
  looked_at: '2026-11-23T12:00:00.000Z',
};
const request: JobRequest = { operation: 'hold', names: ['toy'] };
const upgraded = { name: 'toy', action: 'upgraded', version_before: '1', version_after: '2' } as const;

/** Does work that reports results, and looks afterwards. */
async function done(work: Work, look: () => Promise<ServiceList> = async () => FOUND) {
  const said: (string | JobOldCode)[] = [];
  const stop = new AbortController();
  const report = {
    log: (text: string) => void said.push(text),
    oldCode: (found: JobOldCode) => void said.push(found),
    results: () => {},
  };
  const context = { jobId: 'job-1', signal: stop.signal, report } as unknown as JobContext;
  const failure = await noteOldCode(work, look)(request, context).then(
    () => undefined,
    (error: unknown) => error,
  );
  return { said, failure };
}

const changes: Work = async (_request, { report }) => {
  report.results([upgraded]);
  return { message: 'Done' };
};
const SAID = [
  { services: ['ssh.service'], others: 1, unknown: 3 },
  'Services that run code which was replaced, until they are restarted: ssh.service; other processes that do, until they end: 1; processes of which that is not known: 3',
];

it('a job that changed packages says what runs code that was replaced', async () => {
  expect(await done(changes)).toEqual({ said: SAID, failure: undefined });
});

it('a job that failed in the end says so, too, of what it had changed', async () => {
  const failure = new PatchError('PATCH_NOT_FOUND', 'toy stays out');
  const fails: Work = async (...asked) => {
    await changes(...asked);
    throw failure;
  };
  expect(await done(fails)).toEqual({ said: SAID, failure });
});

it('a job that changed nothing looks at nothing', async () => {
  const idle: Work = async (_request, { report }) => {
    report.results([{ ...upgraded, action: 'unchanged' }]);
    return { message: 'Nothing to do' };
  };
  const look = () => Promise.reject(new Error('nobody looks'));
  expect(await done(idle, look)).toEqual({ said: [], failure: undefined });
});

it('that it cannot be known is said, and the job is what it was', async () => {
  const look = () =>
    Promise.reject(new PatchError('SERVICE_UNHEALTHY', '/proc hides the processes of others'));
  expect(await done(changes, look)).toEqual({
    said: ['Which services run code that was replaced is not known: /proc hides the processes of others'],
    failure: undefined,
  });
});
