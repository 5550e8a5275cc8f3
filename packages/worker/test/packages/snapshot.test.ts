import { statSync } from 'node:fs';
import { readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemFiles } from '@linux-patch/runtime/node';
import { ManualClock, memoryLogger, temporaryFolder } from '@linux-patch/runtime/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createPackageReader } from '../../src/packages/snapshot.ts';
import { openSnapshotFile } from '../../src/packages/snapshot-file.ts';
import { createSnapshotKeeper } from '../../src/packages/snapshot-keeper.ts';
import { openShelf } from './shelf-manager.ts';

const TOY = { name: 'toy', architecture: 'amd64', version: '1' };
const NEWER = { ...TOY, version: '10' };

/** A host on which an agent can be started again; what it asks the package manager is counted. */
async function host() {
  const folder = await temporaryFolder();
  onTestFinished(() => folder[Symbol.asyncDispose]());
  const root = folder.path;
  const shelf = await openShelf(root, { installed: [TOY], next: [NEWER] });
  const path = join(root, 'state/packages.json');
  const logger = memoryLogger();
  const asked: string[] = [];
  const { adapter } = shelf.host;
  const { reading } = adapter;
  const counted = {
    ...reading,
    installed: () => {
      asked.push('installed');
      return reading.installed();
    },
    sources: () => {
      asked.push('sources');
      return reading.sources();
    },
    stateKey: async () => ({ ...(await reading.stateKey()), sources: 'lists', learned: 'where' }),
    recall: (learned: string) => void asked.push(`recalled ${learned}`),
  };
  const start = () =>
    createPackageReader(
      { ...shelf.host, adapter: { ...adapter, reading: counted } },
      openSnapshotFile({ path, files: systemFiles, logger }),
    );
  const change = (version: string) => writeFile(join(root, 'db.json'), JSON.stringify([{ ...TOY, version }]));
  return { start, change, path, asked, logger };
}

describe('a snapshot of the packages', () => {
  it('is there right after a start, with all that it knew, and for nobody else to read', async () => {
    const { start, path, asked, logger } = await host();
    const first = start();
    const before = await first.snapshot();
    await first.settled();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    asked.length = 0;
    const second = start();
    expect(await second.isCurrent()).toBe(true);
    expect(await second.snapshot()).toEqual(before);
    expect(await second.sources()).toEqual(before.sources);
    expect(await second.revision()).toBe(await first.revision());
    expect([asked, logger.records]).toEqual([['recalled where'], []]);
  });

  it('is made anew when the host has changed meanwhile; lists that are the same are not read again', async () => {
    const { start, change, asked } = await host();
    const first = start();
    await first.reading();
    await first.settled();
    await change('1.5');
    asked.length = 0;
    const second = start();
    expect(await second.isCurrent()).toBe(false);
    expect((await second.reading()).installed).toMatchObject([{ version: '1.5' }]);
    expect(asked).toEqual(['recalled where', 'installed']);
    await second.settled();
    asked.length = 0;
    expect((await start().reading()).installed).toMatchObject([{ version: '1.5' }]);
    expect(asked).toEqual(['recalled where']);
  });

  it.each<[string, (text: string) => string]>([
    ['that is empty', () => ''],
    ['that was cut off', (text) => text.slice(0, -20)],
    ['of another format', (text) => text.replace('"format":1', '"format":2')],
    ['that lacks what it must have', (text) => text.replace('"held":false', '"held":"no"')],
    [
      'with a name beyond all bounds',
      (text) => text.replace('"name":"toy"', `"name":"${'x'.repeat(5_000)}"`),
    ],
  ])('is never taken from a file %s; the next start has it again', async (_what, damage) => {
    const { start, path, asked, logger } = await host();
    const first = start();
    const before = await first.reading();
    await first.settled();
    await writeFile(path, damage(await readFile(path, 'utf8')));
    asked.length = 0;
    const second = start();
    expect((await second.reading()).installed).toEqual(before.installed);
    expect(asked).toContain('installed');
    expect(logger.records).toMatchObject([{ level: 'warn', fields: { path } }]);
    await second.settled();
    asked.length = 0;
    await start().reading();
    expect(asked).toEqual(['recalled where']);
  });

  it('is not read from a file of any size', async () => {
    const { start, path, asked } = await host();
    const first = start();
    await first.reading();
    await first.settled();
    await truncate(path, 33 * 1024 * 1024);
    asked.length = 0;
    await start().reading();
    expect(asked).toContain('installed');
  });
});

describe('in the background', () => {
  const keeping = async () => {
    const given = await host();
    const listings = given.start();
    const clock = new ManualClock();
    let holder: { pid: number; program: string } | undefined;
    const keeper = createSnapshotKeeper({
      listings,
      lockHolder: async () => holder,
      clock,
      logger: given.logger,
    });
    onTestFinished(() => keeper[Symbol.asyncDispose]());
    const readings = () => given.asked.filter((one) => one === 'installed').length;
    /** The keeper has looked and sleeps. */
    const rests = () => expect.poll(() => clock.sleeping).toBe(1);
    return { ...given, clock, keeper, readings, rests, hold: (by: typeof holder) => (holder = by) };
  };

  it('packages are read when the agent starts, and again when something has changed, and not otherwise', async () => {
    const { keeper, clock, change, readings, rests } = await keeping();
    keeper.start();
    await rests();
    expect(readings()).toBe(1);
    await clock.advance(60_000);
    await rests();
    expect(readings()).toBe(1);
    await change('1.5');
    await clock.advance(60_000);
    await rests();
    expect(readings()).toBe(2);
    await change('1.55');
    keeper.nudge();
    await expect.poll(readings).toBe(3);
  });

  it('nothing is read in the middle of somebody else\u2019s work', async () => {
    const { keeper, clock, readings, rests, hold } = await keeping();
    hold({ pid: 1, program: 'apt' });
    keeper.start();
    await rests();
    expect(readings()).toBe(0);
    hold(undefined);
    await clock.advance(60_000);
    await expect.poll(readings).toBe(1);
  });

  it('what cannot be read is tried again after a while, or when something is said to have changed', async () => {
    const { keeper, clock, path, readings, rests, logger } = await keeping();
    const db = join(path, '../../db.json');
    const text = await readFile(db, 'utf8');
    await writeFile(db, 'not json');
    keeper.start();
    await rests();
    expect(logger.records).toMatchObject([{ message: 'packages could not be read in the background' }]);
    await writeFile(db, text);
    await clock.advance(60_000);
    await rests();
    expect(readings()).toBe(0);
    await clock.advance(15 * 60_000);
    await expect.poll(readings).toBe(1);
  });
});
