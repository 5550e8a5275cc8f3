import { PatchError } from '@linux-patch/contract';
import { PackageListing } from '@linux-patch/worker';
import { describe, expect, it } from 'vitest';
import { createPackageLists } from '../../src/worker-link/package-lists.ts';
import { doubleWorker } from './double-worker.ts';

const SNAPSHOT = { v: 1, op: 'snapshot', explain: false } as const;
const never = new AbortController().signal;

async function host() {
  const worker = await doubleWorker();
  return { ...worker, lists: createPackageLists(worker.link) };
}

describe('package lists', () => {
  it('are refreshed and read by the worker', async () => {
    const { lists, asked } = await host();
    expect(await lists.refresh(never)).toMatchObject({
      failed: [{ source: 'shelf:', reason: 'It is empty.', code: 'NETWORK_ERROR', security: false }],
      sources: [{ uri: 'shelf:', present: true, suite: undefined }],
    });
    expect(await lists.sources(never)).toMatchObject([{ uri: 'shelf:', present: true, suite: undefined }]);
    expect(await asked()).toEqual(['{"v":1,"op":"refresh"}', '{"v":1,"op":"sources"}']);
  });

  it('are not held up by readings that hang', async () => {
    const { lists, link, behave, asked } = await host();
    await behave('never ends');
    const readings = Promise.allSettled([1, 2].map(() => link.ask(SNAPSHOT, PackageListing)));
    await expect.poll(asked).toHaveLength(2);
    await behave('answers');
    expect((await lists.refresh(never)).failed).toHaveLength(1);
    link[Symbol.dispose]();
    await readings;
  });

  it('do not hold up readings when they hang', async () => {
    const { lists, link, behave, asked } = await host();
    await behave('never ends');
    const hanging = Promise.allSettled([lists.refresh(never), lists.sources(never)]);
    await expect.poll(asked).toHaveLength(2);
    await behave('answers');
    expect((await link.ask(SNAPSHOT, PackageListing)).packages).toHaveLength(1);
    link[Symbol.dispose]();
    await hanging;
  });

  it('say why they were given up, at once also when their turn had not come', async () => {
    const { lists, behave, asked, link } = await host();
    await behave('never ends');
    const hanging = Promise.allSettled([lists.refresh(never), lists.refresh(never)]);
    await expect.poll(asked).toHaveLength(2);
    const given = new AbortController();
    const waiting = lists.refresh(given.signal);
    const reason = new PatchError('INTERRUPTED', 'The agent is stopping.');
    given.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    link[Symbol.dispose]();
    await hanging;
    expect(await asked()).toHaveLength(2);
  });
});
