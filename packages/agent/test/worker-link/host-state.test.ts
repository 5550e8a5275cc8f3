import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemFiles } from '@linux-patch/runtime/node';
import { ManualClock, memoryLogger } from '@linux-patch/runtime/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openHostState } from '../../src/worker-link/host-state.ts';
import { openPackageHealthFile } from '../../src/worker-link/package-health-file.ts';
import { doubleWorker } from './double-worker.ts';

async function host() {
  const worker = await doubleWorker();
  const clock = new ManualClock();
  const path = join(worker.root, 'state/package-health.json');
  const logger = memoryLogger();
  const start = () =>
    openHostState({
      link: worker.link,
      files: systemFiles,
      clock,
      file: openPackageHealthFile({ path, files: systemFiles, logger }),
    });
  const state = await start();
  onTestFinished(() => state[Symbol.asyncDispose]());
  return { ...worker, clock, state, start, path, logger, times: async () => (await worker.asked()).length };
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
    expect([state.health().words, await times()]).toEqual(['not configured: broken', 2]);
  });

  it('is never an older one in place of one that cannot be had, and health says why', async () => {
    const { state, put, behave, clock } = await host();
    await state.reading();
    state.begin();
    await put(['toy', '1.5']);
    await behave('is killed');
    await expect(state.reading()).rejects.toMatchObject({ code: 'WORKER_UNAVAILABLE' });
    await expect.poll(() => state.health().words).toContain('the worker was killed');
    await behave('answers');
    expect(await state.reading()).toMatchObject({ clean: true });
    await clock.advance(10_000);
    await expect.poll(() => state.health().words).toBe('ok');
  });

  it('has its health told at once, whatever the worker does', async () => {
    const { state, behave, times } = await host();
    await behave('never ends');
    state.begin();
    expect(state.health()).toEqual({ words: expect.stringMatching(/^unknown: /), atMs: undefined });
    await expect.poll(times).toBe(1);
  });

  it('is not looked at before the first answers of a start, and after them where somebody asked for it', async () => {
    const { state, start, put, times } = await host();
    await state.reading();
    await state[Symbol.asyncDispose]();
    await put(['broken', '1']);
    const before = await times();
    await using next = await start();
    expect([next.health().words, await times()]).toEqual(['ok', before]);
    next.begin();
    await expect.poll(() => next.health().words).toBe('not configured: broken');
  });

  it('is looked at once at the very first start, and until then it is not known and not ok', async () => {
    const { state, start, times, clock } = await host();
    state.begin();
    await expect.poll(() => state.health()).toEqual({ words: 'ok', atMs: clock.now() });
    await state[Symbol.asyncDispose]();
    const before = await times();
    await using next = await start();
    next.begin();
    expect([next.health().words, await times()]).toEqual(['ok', before]);
  });

  it('is what was found last after a start, with its time, however long ago', async () => {
    const { state, start, put, behave, clock } = await host();
    await put(['broken', '1']);
    await state.reading();
    const foundMs = clock.now();
    await state[Symbol.asyncDispose]();
    await clock.advance(86_400_000);
    await behave('never ends');
    await using next = await start();
    expect(next.health()).toEqual({ words: 'not configured: broken', atMs: foundMs });
  });

  it.each([
    ['damaged', '{"v":1,'],
    ['of another make', '{"v":2,"at":"2026-11-28T00:00:00.000Z","health":"ok"}'],
    ['too large', `{"v":1,"at":"2026-11-28T00:00:00.000Z","health":"${'a'.repeat(5_000)}"}`],
  ])('is not known after a start with a file that is %s', async (_how, text) => {
    const { start, path, behave, logger } = await host();
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
    await behave('never ends');
    await using next = await start();
    expect(next.health()).toMatchObject({ words: expect.stringMatching(/^unknown: /), atMs: undefined });
    expect(logger.records).toMatchObject([{ level: 'warn' }]);
  });

  it('is nothing that the end of the agent made fail', async () => {
    const { state, start, behave, link, times } = await host();
    await state.reading();
    await state[Symbol.asyncDispose]();
    await using ending = await start();
    await behave('never ends');
    const before = await times();
    ending.begin();
    ending.health();
    await expect.poll(times).toBe(before + 1);
    await ending[Symbol.asyncDispose]();
    link[Symbol.dispose]();
    await using next = await start();
    expect(next.health().words).toBe('ok');
  });

  it('has its health looked at again behind the answer', async () => {
    const { state, put } = await host();
    await state.reading();
    state.begin();
    await put(['broken', '1']);
    expect(state.health().words).toBe('ok');
    await expect.poll(() => state.health().words).toBe('not configured: broken');
  });

  it('stays as it was while somebody works with the packages, and costs no worker for each look', async () => {
    const { state, put, busy, clock, times } = await host();
    await state.reading();
    state.begin();
    await busy(true);
    await put(['broken', '1']);
    expect(state.health().words).toBe('ok');
    await expect.poll(times).toBe(2);
    await state.reading();
    for (const health of [state.health(), state.health()]) expect(health.words).toBe('ok');
    expect(await times()).toBe(2);
    await busy(false);
    await clock.advance(10_000);
    await expect.poll(() => state.health().words).toBe('not configured: broken');
  });
});
