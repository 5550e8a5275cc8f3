import { ManualClock, memoryLogger } from '@linux-patch/runtime/testing';
import { describe, expect, it } from 'vitest';
import type { RunReport } from './report.ts';
import { stopWhenCancelled, stopWhenLate, watchPhases } from './stopping.ts';

type Cancelled = 'always' | 'while_waiting' | undefined;

function world() {
  const clock = new ManualClock();
  const noted: boolean[] = [];
  const said: RunReport[] = [];
  const place = {
    cancelled: async () => is.cancelled,
    noteWaiting: async (waits: boolean) => void noted.push(waits),
  };
  const is = { cancelled: undefined as Cancelled };
  const host = { logger: memoryLogger(), clock };
  const watch = watchPhases({ jobId: 'job-1', host, say: (report) => void said.push(report) }, place);
  const stopped = new AbortController();
  const ended = new AbortController();
  const begin = () => stopWhenCancelled(host, { place, watch, stopped, ended: ended.signal });
  return { clock, host, is, noted, said, watch, stopped, ended, begin };
}

const phase = (state: 'refreshing' | 'running' | 'waiting_for_lock'): RunReport => ({
  t: 'phase',
  state,
  message: state,
});

describe('a job at its work', () => {
  it('is not cut off by who may only cancel one that waits, and ends when it waits again', async () => {
    const { clock, is, watch, stopped, begin } = world();
    is.cancelled = 'while_waiting';
    const stopping = begin();
    watch.say(phase('refreshing'));
    watch.say({ t: 'progress', percent: 20, message: 'Unpacking' });
    await clock.waitForSleepers();
    await clock.advance(500);
    expect(stopped.signal.aborted).toBe(false);
    watch.say(phase('waiting_for_lock'));
    await clock.advance(500);
    await stopping;
    expect(stopped.signal.reason).toMatchObject({ code: 'CANCELLED' });
  });

  it('is cut off by who may do that', async () => {
    const { is, stopped, begin } = world();
    is.cancelled = 'always';
    await begin();
    expect(stopped.signal.reason).toMatchObject({ code: 'CANCELLED' });
  });

  it('notes for others when it waits and when it works, and says all that it says', async () => {
    const { noted, said, watch } = world();
    for (const state of ['refreshing', 'waiting_for_lock', 'running', 'running'] as const)
      watch.say(phase(state));
    await watch.settle();
    expect(noted).toEqual([true, false]);
    expect(said).toHaveLength(4);
  });

  it('is stopped when it has run too long, and not after its end', async () => {
    const { clock, host, stopped, ended } = world();
    const late = stopWhenLate(host, { timeoutMs: 60_000, stopped, ended: ended.signal });
    await clock.advance(60_000);
    await late;
    expect(stopped.signal.reason).toMatchObject({
      code: 'TIMEOUT',
      message: 'The job ran longer than 1 minutes and was stopped.',
    });
    const other = new AbortController();
    ended.abort();
    await stopWhenLate(host, { timeoutMs: 60_000, stopped: other, ended: ended.signal });
    expect(other.signal.aborted).toBe(false);
  });
});
