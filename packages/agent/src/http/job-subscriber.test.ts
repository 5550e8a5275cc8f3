import { type ServerFrame } from '@linux-patch/contract';
import { ManualClock } from '@linux-patch/runtime/testing';
import { createJob, transition } from '@linux-patch/worker';
import { expect, it } from 'vitest';
import { JobEvents } from '../jobs/events.ts';
import type { JobQueue } from '../jobs/queue.ts';
import { type FrameSink, JobSubscriber } from './job-subscriber.ts';

it('tells a slow client how many events it missed, with the newest of them, once it has caught up', () => {
  const clock = new ManualClock();
  const events = new JobEvents(100);
  const frames: ServerFrame[] = [];
  const waiting: (() => void)[] = [];
  const sink = {
    bufferedAmount: 0,
    send(text: string, sent: () => void) {
      frames.push(JSON.parse(text));
      waiting.push(sent);
    },
  } satisfies FrameSink;
  const jobs = { events, find: () => undefined } as Partial<JobQueue> as JobQueue;
  const subscriber = new JobSubscriber({ jobs, clock, sink });
  events.subscribe((event) => subscriber.deliver(event));
  const request = { operation: 'remove', name: 'curl', purge: false, force: false } as const;
  const queued = createJob({
    id: '6f1c2a4e-9d1b-4c1a-8f3e-0a1b2c3d4e5f',
    request,
    nowMs: clock.now(),
  });
  let job = transition(queued, { type: 'start', message: 'Started' }, clock.now());
  events.publish(job, clock.now());
  sink.bufferedAmount = 2 * 1024 * 1024;
  for (const percent of [10, 20, 30]) {
    job = transition(job, { type: 'progress', percent, message: 'x', state: 'running' }, clock.now());
    events.publish(job, clock.now());
  }
  expect(frames).toHaveLength(1);
  sink.bufferedAmount = 0;
  for (const sent of waiting.splice(0)) sent();
  expect(frames).toHaveLength(2);
  expect(frames[1]).toMatchObject({ progress: 30, missed: 2, seq: 104 });
  events.publish(job, clock.now());
  expect(frames[2]).not.toHaveProperty('missed');
});
