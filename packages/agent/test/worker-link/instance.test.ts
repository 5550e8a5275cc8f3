import { ManualClock } from '@linux-patch/runtime/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createChanges } from '../../src/worker-link/changes.ts';
import { createInstanceId } from '../../src/worker-link/instance.ts';
import { doubleWorker } from './double-worker.ts';

const [FIRST, SECOND] = ['5b0f3a52-8f6d-4c0e-9d61-2f7b1f0c8a11', 'f3b1c0de-0000-4000-8000-000000000000'];
const BODY = new Uint8Array();

/** An agent that asks its worker. */
async function asking() {
  const host = await doubleWorker();
  await host.isInstance(FIRST);
  const clock = new ManualClock();
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const { link, logger } = host;
  return { ...host, clock, instance: createInstanceId({ link, clock, logger, signal: stop.signal }) };
}

describe('which instance of the agent this is', () => {
  it('is what the worker says', async () => {
    const { instance, logger } = await asking();
    instance.begin();
    expect(await instance.current()).toBe(FIRST);
    expect(logger.records).toEqual([]);
  });

  it('is not known while the worker does not answer, and is asked for each minute', async () => {
    const { instance, behave, clock, logger } = await asking();
    await behave('crashes');
    instance.begin();
    expect(await instance.current()).toBeUndefined();
    expect(logger.records.map((one) => one.level)).toEqual(['error']);
    await clock.waitForSleepers();
    await clock.advance(60_000);
    await clock.waitForSleepers();
    expect(logger.records.map((one) => one.level)).toEqual(['error', 'error']);
    await behave('answers');
    await clock.advance(60_000);
    await expect.poll(() => instance.current()).toBe(FIRST);
  });

  it('is asked for again before a change is refused that is for another one, and not for other reasons', async () => {
    const { instance, isInstance, link, logger } = await asking();
    instance.begin();
    expect(await instance.current()).toBe(FIRST);
    await isInstance(SECOND);
    const changes = createChanges(link, { logger, onOtherInstance: () => instance.ask() });
    const change = { line: 'POST /api/v1/patches/apply', caller: 'network' as const, names: [] };
    expect(await changes.cancel({ change, body: BODY })).toMatchObject({
      error: { code: 'SIGNATURE_INVALID' },
    });
    expect(await instance.current()).toBe(FIRST);
    expect(await changes.start({ change, body: BODY }, undefined)).toMatchObject({
      error: { code: 'INSTANCE_MISMATCH' },
    });
    expect(await instance.current()).toBe(SECOND);
  });
});
