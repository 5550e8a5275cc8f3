import { ManualClock } from '@linux-patch/runtime/testing';
import { describe, expect, it } from 'vitest';
import { createWorkerPlans } from '../../src/worker-link/plans.ts';
import { doubleWorker } from './double-worker.ts';

const removal = { name: 'toy', purge: false, force: false };

async function host(clockFault?: string) {
  const worker = await doubleWorker();
  const clock = new ManualClock();
  const plans = createWorkerPlans({
    link: worker.link,
    clock,
    clockFault: () => clockFault,
  });
  return { ...worker, clock, plans };
}

const wait = (limitMs: number) => ({ signal: new AbortController().signal, limitMs });

describe('a plan', () => {
  it('is asked for with its length before it, and what the clock is said to be', async () => {
    const { plans, asked } = await host('the clock stands in 1970');
    const plan = await plans.remove(removal, wait(5_000));
    expect(plan).toMatchObject({ steps: [{ name: 'toy' }], denial: undefined, busy: undefined });
    const body = '{"change":"remove","name":"toy","purge":false,"force":false}';
    const head = {
      v: 1,
      op: 'plan',
      bytes: body.length,
      limitMs: 5_000,
      clockFault: 'the clock stands in 1970',
    };
    expect(await asked()).toEqual([`${JSON.stringify(head)} ${body}`]);
  });

  it('that waits for its turn has so much less time', async () => {
    const { plans, link, behave, asked, clock } = await host();
    await behave('never ends');
    const enough = new AbortController();
    const others = [1, 2].map(() => plans.remove(removal, { signal: enough.signal, limitMs: 60_000 }));
    await expect.poll(asked).toHaveLength(2);
    const late = plans.remove(removal, wait(5_000));
    await clock.advance(4_000);
    await behave('answers');
    enough.abort();
    for (const ended of await Promise.allSettled(others))
      expect(ended).toMatchObject({ status: 'rejected', reason: { code: 'WORKER_UNAVAILABLE' } });
    await late;
    expect((await asked()).at(-1)).toContain('"limitMs":1000}');
    link[Symbol.dispose]();
  });

  it('for which nobody waits any more ends its worker, and none is started for it', async () => {
    const { plans, behave, asked } = await host();
    await behave('never ends');
    const gone = new AbortController();
    const asking = plans.remove(removal, { signal: gone.signal, limitMs: 60_000 });
    await expect.poll(asked).toHaveLength(1);
    gone.abort();
    await expect(asking).rejects.toMatchObject({ code: 'WORKER_UNAVAILABLE' });
    await expect(plans.remove(removal, { signal: gone.signal, limitMs: 60_000 })).rejects.toMatchObject({
      message: expect.stringContaining('nobody waits for the answer any more'),
    });
    expect(await asked()).toHaveLength(1);
  });
});
