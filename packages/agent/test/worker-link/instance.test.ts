import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemFiles } from '@linux-patch/runtime/node';
import { ManualClock } from '@linux-patch/runtime/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createChanges } from '../../src/worker-link/changes.ts';
import { createInstanceId } from '../../src/worker-link/instance.ts';
import { openInstanceFile } from '../../src/worker-link/instance-file.ts';
import { doubleWorker } from './double-worker.ts';

const [FIRST, SECOND] = ['5b0f3a52-8f6d-4c0e-9d61-2f7b1f0c8a11', 'f3b1c0de-0000-4000-8000-000000000000'];
const BODY = new Uint8Array();
const MACHINE = 'c'.repeat(32);

/** An agent that asks its worker. */
async function asking() {
  const host = await doubleWorker();
  await host.isInstance(FIRST);
  const clock = new ManualClock();
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const { link, logger, root } = host;
  await isMachine(root, MACHINE);
  const path = join(root, 'state/known-instance.json');
  const start = () => {
    const file = openInstanceFile({ path, files: systemFiles, root, logger });
    return createInstanceId({ link, file, clock, logger, signal: stop.signal });
  };
  const times = async () => (await host.asked()).length;
  return { ...host, clock, path, start, times, instance: start() };
}

async function isMachine(root: string, id: string): Promise<void> {
  await mkdir(join(root, 'etc'), { recursive: true });
  await writeFile(join(root, 'etc/machine-id'), `${id}\n`);
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

  it('is known at once to the next agent, which asks when it has time', async () => {
    const { instance, start, isInstance, times, behave, path } = await asking();
    instance.begin();
    await instance.current();
    await isInstance(SECOND);
    const next = start();
    next.begin();
    expect([await next.current(), await times()]).toEqual([FIRST, 1]);
    next.confirm();
    await expect.poll(() => readFile(path, 'utf8')).toContain(SECOND);
    expect(await next.current()).toBe(SECOND);
    await behave('never ends');
    const third = start();
    third.begin();
    expect(await third.current()).toBe(SECOND);
  });

  it.each<[string, (at: { readonly root: string; readonly path: string }) => Promise<void>]>([
    ['the files came to another machine', ({ root }) => isMachine(root, 'd'.repeat(32))],
    [
      'the host was started anew',
      async ({ path }) => {
        const text = await readFile(path, 'utf8');
        await writeFile(path, text.replace(/"said_to": "\w+"/, `"said_to": "${'0'.repeat(64)}"`));
      },
    ],
    ['the file is cut off', ({ path }) => writeFile(path, '{')],
  ])('is asked for by the next agent when %s', async (_what, happen) => {
    const { instance, start, isInstance, root, path, times } = await asking();
    instance.begin();
    await instance.current();
    await isInstance(SECOND);
    await happen({ root, path });
    const next = start();
    next.begin();
    expect([await next.current(), await times()]).toEqual([SECOND, 2]);
    next.confirm();
    expect(await times()).toBe(2);
  });
});
