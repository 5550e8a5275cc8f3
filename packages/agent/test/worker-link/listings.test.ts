import { existsSync, statSync } from 'node:fs';
import { readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemFiles } from '@linux-patch/runtime/node';
import { ManualClock } from '@linux-patch/runtime/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openListingFile } from '../../src/worker-link/listing-file.ts';
import { createListingKeeper } from '../../src/worker-link/listing-keeper.ts';
import { createListings } from '../../src/worker-link/listings.ts';
import { doubleWorker } from './double-worker.ts';

/** A host on which an agent can be started again. */
async function host() {
  const worker = await doubleWorker();
  const { root, link, logger } = worker;
  const path = join(root, 'state/packages.json');
  const start = () =>
    createListings({ link, files: systemFiles, file: openListingFile({ path, files: systemFiles, logger }) });
  return { ...worker, path, start };
}

describe('a listing of the packages', () => {
  it('is there right after a start, with all that it knew, and for nobody else to read', async () => {
    const { start, path, asked, forgetAsked, logger } = await host();
    const first = start();
    const before = await first.reading();
    await first.settled();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await forgetAsked();
    const second = start();
    expect(await second.isCurrent()).toBe(true);
    expect(await second.reading()).toEqual(before);
    expect(await second.key()).toBe(await first.key());
    expect([await asked(), logger.records]).toEqual([[], []]);
  });

  it('is made anew when the host has changed meanwhile, under another name', async () => {
    const { start, put, asked, forgetAsked } = await host();
    const first = start();
    await first.reading();
    await first.settled();
    const before = await first.key();
    await put(['toy', '1.5']);
    await forgetAsked();
    const second = start();
    expect(await second.isCurrent()).toBe(false);
    expect(await second.key()).not.toBe(before);
    expect((await second.reading()).packages).toMatchObject([{ version: '1.5' }]);
    expect(await asked()).toEqual(['{"v":1,"op":"snapshot","explain":false}']);
  });

  it('is asked for once by many at the same time, and by those who come after a change once more', async () => {
    const { start, put, asked } = await host();
    const listings = start();
    await Promise.all([listings.reading(), listings.reading(), listings.reading()]);
    expect(await asked()).toHaveLength(1);
    const early = listings.reading();
    await put(['toy', '2.5']);
    const late = await Promise.all([listings.reading(), listings.reading()]);
    await early;
    for (const one of late) expect(one.packages).toMatchObject([{ version: '2.5' }]);
    expect((await asked()).length).toBeLessThanOrEqual(3);
  });

  it('is never an older one in place of one that cannot be made', async () => {
    const { start, put, behave } = await host();
    const listings = start();
    await listings.reading();
    await put(['toy', '1.5']);
    await behave('is killed');
    await expect(listings.reading()).rejects.toMatchObject({ code: 'WORKER_UNAVAILABLE' });
    await behave('answers');
    expect((await listings.reading()).packages).toMatchObject([{ version: '1.5' }]);
  });

  it.each<[string, (text: string) => string]>([
    ['that is empty', () => ''],
    ['that was cut off', (text) => text.slice(0, -20)],
    ['in which one letter is another', (text) => text.replace('"name":"toy"', '"name":"toz"')],
    ['that lacks what it must have', (text) => text.replace('"held":false', '"held":"no"')],
    [
      'with a name beyond all bounds',
      (text) => text.replace('"name":"toy"', `"name":"${'x'.repeat(5_000)}"`),
    ],
  ])('is never taken from a file %s; the next start has it again', async (_what, damage) => {
    const { start, path, asked, forgetAsked, logger } = await host();
    const first = start();
    const before = await first.reading();
    await first.settled();
    await writeFile(path, damage(await readFile(path, 'utf8')));
    await forgetAsked();
    const second = start();
    expect(await second.reading()).toEqual(before);
    expect(await asked()).toHaveLength(1);
    expect(logger.records).toMatchObject([{ level: 'warn', fields: { path } }]);
    await second.settled();
    await forgetAsked();
    await start().reading();
    expect(await asked()).toEqual([]);
  });

  it.each([
    [
      'another format',
      (text: string) => text.replace('"format":3,"version":"1.3.0"', '"format":1,"packages":"x"'),
    ],
    ['another release', (text: string) => text.replace('"version":"1.3.0"', '"version":"1.2.9"')],
  ])('is made anew in place of one of %s, which is no fault', async (_what, change) => {
    const { start, path, asked, forgetAsked, logger } = await host();
    const first = start();
    await first.reading();
    await first.settled();
    const text = await readFile(path, 'utf8');
    expect(change(text)).not.toBe(text);
    await writeFile(path, change(text));
    await forgetAsked();
    await start().reading();
    expect([(await asked()).length, logger.records]).toEqual([1, []]);
  });

  it('is not read from a file of any size', async () => {
    const { start, path, asked, forgetAsked } = await host();
    const first = start();
    await first.reading();
    await first.settled();
    await truncate(path, 33 * 1024 * 1024);
    await forgetAsked();
    await start().reading();
    expect(await asked()).toHaveLength(1);
  });
});

describe('in the background', () => {
  const keeping = async () => {
    const given = await host();
    const { logger, start } = given;
    const clock = new ManualClock();
    let refresh = Promise.resolve();
    const listsSettled = () => refresh;
    const keeper = createListingKeeper({ listings: start(), listsSettled, clock, logger });
    onTestFinished(() => keeper[Symbol.asyncDispose]());
    const readings = async () => (await given.asked()).length;
    /** The keeper has looked and sleeps. */
    const rests = () => expect.poll(() => clock.sleeping).toBe(1);
    return {
      ...given,
      clock,
      keeper,
      readings,
      rests,
      refreshing: (by: Promise<void>): void => void (refresh = by),
    };
  };

  it('packages are read when the agent starts, and again when something has changed, and not otherwise', async () => {
    const { keeper, clock, put, readings, rests } = await keeping();
    keeper.start();
    await rests();
    expect(await readings()).toBe(1);
    await clock.advance(60_000);
    await rests();
    expect(await readings()).toBe(1);
    await put(['toy', '1.5']);
    await clock.advance(60_000);
    await rests();
    expect(await readings()).toBe(2);
    await put(['toy', '1.55']);
    keeper.nudge();
    await expect.poll(readings).toBe(3);
  });

  it('nothing is read in the middle of somebody else\u2019s work', async () => {
    const { keeper, clock, readings, rests, busy, path } = await keeping();
    await busy(true);
    keeper.start();
    await rests();
    expect(await readings()).toBe(1);
    expect(existsSync(path)).toBe(false);
    await busy(false);
    await clock.advance(60_000);
    await expect.poll(() => existsSync(path)).toBe(true);
  });

  it('nothing is read while the lists are refreshed, and all that is needed right after', async () => {
    const { keeper, readings, rests, refreshing } = await keeping();
    const refresh = Promise.withResolvers<void>();
    refreshing(refresh.promise);
    keeper.start();
    refresh.resolve();
    await rests();
    expect(await readings()).toBe(1);
  });

  it('what cannot be read is tried again after a while, or when something is said to have changed', async () => {
    const { keeper, clock, behave, readings, rests, logger } = await keeping();
    await behave('refuses');
    keeper.start();
    await rests();
    expect(logger.records.map(({ message }) => message)).toContain(
      'packages could not be read in the background',
    );
    expect(await readings()).toBe(1);
    await behave('answers');
    await clock.advance(60_000);
    await rests();
    expect(await readings()).toBe(1);
    await clock.advance(15 * 60_000);
    await expect.poll(readings).toBe(2);
  });
});
