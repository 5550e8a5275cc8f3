import { createJob, type JobRequest, transition } from '@linux-patch/worker';
import { expect, it } from 'vitest';
import { auditJobs } from './audit-jobs.ts';
import { JobEvents } from './events.ts';

const request: JobRequest = {
  operation: 'patch_apply',
  selection: { kind: 'all' },
  exclude: [],
  reboot: false,
  rebootDelaySeconds: 0,
};

it('a job is recorded when it is over, with the versions before and after', () => {
  const records: unknown[][] = [];
  const events = new JobEvents(0);
  using _auditing = auditJobs(events, { record: (...record) => void records.push(record) });
  const queued = createJob({ id: 'job-1', request, nowMs: 0 });
  const running = transition(queued, { type: 'start', message: 'Started' }, 0);
  const results = [
    { name: 'toylib', action: 'upgraded', version_before: '1.0', version_after: '1.1' } as const,
  ];
  const ended = transition(running, { type: 'complete', message: 'toylib 1.1 upgraded' }, 0);
  const done = { ...ended, results };
  for (const job of [queued, running, done]) events.publish(job, 0);
  expect(records).toEqual([
    [
      'job_ended',
      { job: 'job-1', operation: 'patch_apply', state: 'completed', message: 'toylib 1.1 upgraded', results },
    ],
  ]);
});
