import { systemFiles } from '@linux-patch/runtime/node';
import { ManualClock } from '@linux-patch/runtime/testing';
import { describe, expect, it } from 'vitest';
import { createHostState } from '../../src/worker-link/host-state.ts';
import { doubleWorker } from './double-worker.ts';

async function host() {
  const worker = await doubleWorker();
  const clock = new ManualClock();
  const state = createHostState({ link: worker.link, files: systemFiles, clock });
  return { ...worker, clock, state, times: async () => (await worker.asked()).length };
}

describe('the state of a host', () => {
  it('is asked for once by many, and again when something on disk has changed', async () => {
    const { state, put, times } = await host();
    const both = await Promise.all([state.reading(), state.reading()]);
    expect(both).toMatchObject([{ clean: true, reboot: { required: false } }, { clean: true }]);
    expect(await state.reading()).toEqual(both[0]);
    expect(await times()).toBe(1);
    await put(['linux', '2'], ['broken', '1']);
    expect(await state.reading()).toMatchObject({ clean: false, reboot: { required: true } });
    expect([state.health(), await times()]).toEqual(['not configured: broken', 2]);
  });

  it('is never an older one in place of one that cannot be had, and health says why', async () => {
    const { state, put, behave, clock } = await host();
    await state.reading();
    await put(['toy', '1.5']);
    await behave('is killed');
    await expect(state.reading()).rejects.toMatchObject({ code: 'WORKER_UNAVAILABLE' });
    await expect.poll(() => state.health()).toContain('the worker was killed');
    await behave('answers');
    expect(await state.reading()).toMatchObject({ clean: true });
    await clock.advance(10_000);
    await expect.poll(() => state.health()).toBe('ok');
  });

  it('has its health told at once, whatever the worker does', async () => {
    const { state, behave, times } = await host();
    await behave('never ends');
    expect(state.health()).toBe('ok');
    await expect.poll(times).toBe(1);
  });

  it('has its health looked at again behind the answer', async () => {
    const { state, put } = await host();
    await state.reading();
    await put(['broken', '1']);
    expect(state.health()).toBe('ok');
    await expect.poll(() => state.health()).toBe('not configured: broken');
  });

  it('stays as it was while somebody works with the packages, and costs no worker for each look', async () => {
    const { state, put, busy, clock, times } = await host();
    await state.reading();
    await busy(true);
    await put(['broken', '1']);
    expect(state.health()).toBe('ok');
    await expect.poll(times).toBe(2);
    await state.reading();
    for (const health of [state.health(), state.health()]) expect(health).toBe('ok');
    expect(await times()).toBe(2);
    await busy(false);
    await clock.advance(10_000);
    await expect.poll(() => state.health()).toBe('not configured: broken');
  });
});
