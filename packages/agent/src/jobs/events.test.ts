import { createJob } from '@linux-patch/worker';
import { expect, it } from 'vitest';
import { JobEvents } from './events.ts';

const JOB = createJob({
  id: '3f2b8c5e-6d1a-4c7b-9e0f-123456789abc',
  request: { operation: 'reboot', delaySeconds: 0, force: false } as never,
  nowMs: 0,
});

it('an event carries the newest of very much output', () => {
  const events = new JobEvents(0);
  events.publish(JOB, 0, `${'old\n'.repeat(100_000)}end`);
  events.publish(JOB, 0, 'short');
  const [long, short] = events.since(0).events;
  expect(long?.output?.length).toBe(64 * 1024);
  expect(long?.output?.endsWith('\nend')).toBe(true);
  expect(short?.output).toBe('short');
});
