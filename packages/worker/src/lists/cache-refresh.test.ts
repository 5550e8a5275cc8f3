import { PatchError } from '@linux-patch/contract';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SOURCE, testCache } from '../../test/package-cache.ts';
import { type CacheRefresherOptions, createCacheRefresher } from './cache-refresh.ts';

const MINUTE_MS = 60_000;
const NOTHING = { failed: [], healthy: [] };

/** A refresher of which every refresh is told by an event. */
async function world(given: Partial<CacheRefresherOptions> = {}) {
  const { shared, cache } = await testCache();
  const { clock } = shared;
  const began: number[] = [];
  let heard = Promise.withResolvers<void>();
  const refresher = createCacheRefresher({
    ...shared,
    cache,
    intervalMs: 60 * MINUTE_MS,
    readSources: async () => [SOURCE],
    isBusy: () => false,
    ...given,
    async refreshQuietly(signal) {
      began.push(clock.now());
      heard.resolve();
      heard = Promise.withResolvers();
      return (await given.refreshQuietly?.(signal)) ?? NOTHING;
    },
  });
  onTestFinished(() => refresher[Symbol.asyncDispose]());
  /** Moves the clock, minute by minute, from the end of this refresh to the beginning of the next. */
  const minutesToNext = async (): Promise<number> => {
    // Waits for the one that runs, and ends as it does.
    await refresher
      .refresh(async () => (await given.refreshQuietly?.(new AbortController().signal)) ?? NOTHING)
      .catch(() => {});
    const before = began.length;
    let minutes = 0;
    for (; began.length === before && minutes < 300; minutes += 1) {
      await clock.waitForSleepers();
      await clock.advance(MINUTE_MS);
    }
    return minutes;
  };
  return { cache, clock, began, refresher, minutesToNext, nextBegins: () => heard.promise };
}

const failing = async (): Promise<never> => {
  throw new PatchError('NETWORK_ERROR', 'no route to mirror');
};

describe('lists in the background', () => {
  it('are refreshed at the start and then every interval, a tenth more or less', async () => {
    const { refresher, began, minutesToNext, nextBegins, cache } = await world();
    const first = nextBegins();
    refresher.keepFresh();
    await first;
    const waits: number[] = [];
    for (let turn = 0; turn < 6; turn += 1) waits.push(await minutesToNext());
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(54);
    expect(Math.max(...waits)).toBeLessThanOrEqual(67);
    expect(new Set(waits).size).toBeGreaterThan(1);
    expect(began).toHaveLength(7);
    expect(cache.status()).toBe('fresh');
  });

  it('wait while a job works with packages', async () => {
    let busy = true;
    const { refresher, began, clock, nextBegins } = await world({ isBusy: () => busy });
    refresher.keepFresh();
    await clock.waitForSleepers();
    await clock.advance(30 * MINUTE_MS);
    expect(began).toEqual([]);
    busy = false;
    const next = nextBegins();
    await clock.waitForSleepers();
    await clock.advance(MINUTE_MS);
    await next;
  });

  it('are tried again a quarter of an hour after a failure', async () => {
    const { refresher, nextBegins, minutesToNext } = await world({ refreshQuietly: failing });
    const first = nextBegins();
    refresher.keepFresh();
    await first;
    expect(await minutesToNext()).toBeGreaterThanOrEqual(15);
  });

  it('say what they are made of where they are not refreshed at the start, or cannot be', async () => {
    for (const given of [{ intervalMs: 0 }, { refreshQuietly: failing }]) {
      const asked = Promise.withResolvers<void>();
      const readSources = async () => {
        asked.resolve();
        return [SOURCE];
      };
      const { refresher } = await world({ ...given, readSources });
      refresher.keepFresh();
      await asked.promise;
    }
  });

  it('that whoever refreshes them describes are not read once more', async () => {
    let readings = 0;
    const { refresher, cache } = await world({
      refreshQuietly: async () => ({ ...NOTHING, sources: [{ ...SOURCE, present: false }] }),
      readSources: async () => {
        readings += 1;
        return [SOURCE];
      },
    });
    refresher.keepFresh();
    await refresher.settled();
    expect([readings, cache.status()]).toEqual([0, 'unknown']);
  });

  it('are left alone with an interval of 0', async () => {
    const { refresher, began, clock } = await world({ intervalMs: 0 });
    refresher.keepFresh();
    await clock.waitForSleepers();
    await clock.advance(100 * MINUTE_MS);
    expect(began).toEqual([]);
  });
});

describe('a refresh for somebody who waits', () => {
  it('is done at once, and one for all who ask at the same time', async () => {
    const { refresher, began, cache, clock } = await world({ intervalMs: 0 });
    await Promise.all([refresher.refreshNow(1_000), refresher.refreshNow(1_000)]);
    expect(began).toHaveLength(1);
    expect(cache.lastUpdateMs).toBe(clock.now());
  });

  it('says that a job is in the way, and why no source could be refreshed', async () => {
    const busy = await world({ isBusy: () => true });
    await expect(busy.refresher.refreshNow(1_000)).rejects.toMatchObject({
      code: 'SERVICE_UNHEALTHY',
      message: expect.stringContaining('A job works with packages'),
    });
    const { refresher } = await world({ refreshQuietly: failing });
    await expect(refresher.refreshNow(1_000)).rejects.toMatchObject({
      code: 'SERVICE_UNHEALTHY',
      message: expect.stringContaining('no route to mirror'),
      details: { code: 'NETWORK_ERROR' },
    });
  });

  it('goes on when that takes too long for who waits', async () => {
    const end = Promise.withResolvers<typeof NOTHING>();
    const { refresher, clock, cache } = await world({ refreshQuietly: () => end.promise });
    const asked = refresher.refreshNow(100_000);
    const refused = expect(asked).rejects.toMatchObject({
      message: expect.stringContaining('still being refreshed after 100 s'),
    });
    await clock.waitForSleepers();
    await clock.advance(100_000);
    await refused;
    const again = refresher.refreshNow(100_000);
    end.resolve(NOTHING);
    await again;
    expect(cache.status()).toBe('fresh');
  });
});
