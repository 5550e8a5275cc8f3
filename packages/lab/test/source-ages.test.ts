import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ListSource, PatchList } from '@linux-patch/contract';
import { systemClock, systemFiles, systemRandom } from '@linux-patch/runtime/node';
import { memoryLogger, temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, startWorld, type World } from '../../agent/test/http/world.ts';
import { createCacheRefresher } from '../../worker/src/lists/cache-refresh.ts';
import { openPackageCache } from '../../worker/src/lists/cache-state.ts';
import { createSigningKey } from '../src/apt/signing.ts';
import { publishSuite } from '../src/apt/suite.ts';
import { bench, toy } from './apt-bench.ts';

const DAY_MS = 86_400_000;
const BEFORE_MS = Date.now() - DAY_MS;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let host: Awaited<ReturnType<typeof bench>>;
let third: Awaited<ReturnType<typeof thirdParty>>;

/** A third-party repository beside the host's own ones. */
async function thirdParty(root: string) {
  const base = join(folder.path, 'third');
  await mkdir(base);
  const key = await createSigningKey(new Date(BEFORE_MS - DAY_MS));
  await writeFile(join(base, 'key.gpg'), key.publicKeyring);
  const source = `deb [signed-by=${base}/key.gpg] file:${base} third main\n`;
  await writeFile(join(root, 'etc/apt/sources.list.d/third.list'), source);
  const suite = { codename: 'third', suite: 'stable', label: 'Third' };
  let madeMs = BEFORE_MS;
  const release = join(base, 'dists/third');
  return {
    publish: (version: string) =>
      publishSuite({
        folder: base,
        suite,
        packages: [toy('toythird', version)],
        key,
        now: new Date((madeMs += 1_000)),
      }),
    takeAway: () => rename(release, `${release}.gone`),
    bringBack: () => rename(`${release}.gone`, release),
  };
}

beforeAll(async () => {
  folder = await temporaryFolder();
  host = await bench(folder.path, ['toyhello']);
  third = await thirdParty(host.root);
  await third.publish('1');
});
afterAll(() => folder[Symbol.asyncDispose]());

/** The agent's API on the private root. @param state where it keeps what refreshes heard */
async function agent(state: string) {
  const { inventory, refreshQuietly } = host.packages;
  const shared = { files: systemFiles, clock: systemClock, random: systemRandom, logger: memoryLogger() };
  const cache = await openPackageCache({ ...shared, path: join(folder.path, state) });
  const refresher = createCacheRefresher({
    ...shared,
    cache,
    intervalMs: 0,
    refreshQuietly,
    readSources: () => inventory.sources(),
    isBusy: () => false,
  });
  const refreshNow = () => refresher.refreshNow(60_000);
  const world: World = await startWorld({ app: { inventory, cache, refreshNow } });
  const sources = async (query = ''): Promise<Map<string, ListSource>> => {
    const { data } = (await call(world, `/api/v1/patches${query}`)).envelope;
    const { lists } = PatchList.parse(data);
    return new Map(lists?.sources.map((one) => [one.codename ?? one.uri, one]));
  };
  return {
    sources,
    refresh: () => sources('?refresh=true'),
    async [Symbol.asyncDispose]() {
      await world[Symbol.asyncDispose]();
      await refresher[Symbol.asyncDispose]();
    },
  };
}

const msOf = (one: ListSource | undefined): number =>
  one?.fetched_at ? Date.parse(one.fetched_at) : Number.NaN;

describe('a listing says of each source', () => {
  it('when its lists came, also when the agent never refreshed, and not when their owner made them', async () => {
    const startMs = Date.now();
    await host.apt.update();
    await using fresh = await agent('never.json');
    const sources = await fresh.sources();
    expect([...sources.keys()].sort()).toEqual(['bookworm', 'bookworm-security', 'third']);
    const one = sources.get('third');
    expect(one).not.toHaveProperty('error');
    expect(msOf(one)).toBeGreaterThanOrEqual(startMs - 1);
    expect(msOf(one)).toBeLessThanOrEqual(Date.now());
    expect(Date.parse(one?.published_at ?? '')).toBe(Math.floor((BEFORE_MS + 1_000) / 1_000) * 1_000);
  });

  it('that it failed while others were asked with success, and how old what is there of it is', async () => {
    await using served = await agent('state.json');
    const before = await served.refresh();
    await third.takeAway();
    const startMs = Date.now();
    const after = await served.refresh();
    expect(after.get('third')).toMatchObject({
      present: true,
      fetched_at: before.get('third')?.fetched_at,
      error: expect.stringMatching(/File not found.*/),
    });
    for (const name of ['bookworm', 'bookworm-security']) {
      expect(after.get(name)).not.toHaveProperty('error');
      expect(msOf(after.get(name))).toBeGreaterThanOrEqual(startMs);
    }
    // What is known outlives the agent.
    await using again = await agent('state.json');
    expect([...(await again.sources())]).toEqual([...after]);
  });

  it('that its lists came since, when somebody else refreshed', async () => {
    await using served = await agent('state.json');
    const failed = await served.sources();
    await third.bringBack();
    await third.publish('2');
    const startMs = Date.now();
    await host.apt.update();
    const sources = await served.sources();
    expect(sources.get('third')).not.toHaveProperty('error');
    expect(msOf(sources.get('third'))).toBeGreaterThanOrEqual(startMs - 1);
    // apt links to the lists of a folder anew each time, also where nothing is new.
    expect(msOf(sources.get('bookworm'))).toBeGreaterThanOrEqual(msOf(failed.get('bookworm')));
  });

  it('why it could not be refreshed when none could', async () => {
    await using served = await agent('state.json');
    const before = await served.sources();
    await writeFile(join(host.root, 'etc/apt/sources.list.d/broken.list'), 'deb [nonsense\n');
    await expect(served.refresh()).rejects.toThrow();
    await writeFile(join(host.root, 'etc/apt/sources.list.d/broken.list'), '');
    for (const [name, one] of await served.sources()) {
      expect(one.error).toContain('Malformed entry');
      expect(one.fetched_at).toBe(before.get(name)?.fetched_at);
    }
  });
});
