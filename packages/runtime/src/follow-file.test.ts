import { rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Files } from './files.ts';
import { followFile } from './follow-file.ts';
import { systemFiles } from './node/index.ts';
import { ManualClock, memoryLogger, temporaryFolder } from './testing/index.ts';

/** As fs.watch fails where containers have used up `fs.inotify.max_user_instances`. */
const WITHOUT_INOTIFY: Files = {
  ...systemFiles,
  watch: () => {
    throw Object.assign(new Error('EMFILE: too many open files, watch'), { code: 'EMFILE' });
  },
};

async function setUp(path: string) {
  const [clock, logger] = [new ManualClock(), memoryLogger()];
  let changes = 0;
  const follower = followFile({
    files: WITHOUT_INOTIFY,
    clock,
    logger,
    path,
    changed: () => {
      changes += 1;
    },
  });
  await clock.waitForSleepers();
  return {
    logger,
    changes: () => changes,
    follower,
    async tenSeconds() {
      await clock.advance(10_000);
      await clock.waitForSleepers();
    },
    clock,
  };
}

describe('a file that is followed where the kernel has no inotify instance left', () => {
  it('is looked at every ten seconds: written, replaced, created, or changed behind a link', async () => {
    await using folder = await temporaryFolder();
    const [real, path] = [join(folder.path, 'real.yaml'), join(folder.path, 'config.yaml')];
    const world = await setUp(path);
    await using _follower = world.follower;
    const steps: (() => Promise<void>)[] = [
      () => writeFile(path, 'one'),
      () => writeFile(path, 'two'),
      async () => {
        await writeFile(`${path}.new`, 'three');
        await rename(`${path}.new`, path);
      },
      async () => {
        await writeFile(real, 'four');
        await symlink(real, `${path}.new`);
        await rename(`${path}.new`, path);
      },
      () => writeFile(real, 'five'),
    ];
    for (const [index, step] of steps.entries()) {
      await step();
      await world.tenSeconds();
      expect(world.changes()).toBe(index + 1);
    }
    await world.tenSeconds();
    expect(world.changes()).toBe(steps.length);
  });

  it('is complained about once', async () => {
    await using folder = await temporaryFolder();
    const world = await setUp(join(folder.path, 'config.yaml'));
    await using _follower = world.follower;
    for (let round = 0; round < 3; round += 1) await world.tenSeconds();
    expect(world.logger.records.map((record) => record.level)).toEqual(['warn']);
  });

  it('is let go at once', async () => {
    await using folder = await temporaryFolder();
    const world = await setUp(join(folder.path, 'config.yaml'));
    await world.follower[Symbol.asyncDispose]();
    expect(world.clock.sleeping).toBe(0);
  });
});

describe('a file that is followed', () => {
  it('is told of at once where the kernel tells, without any time passing', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'config.yaml');
    const told = Promise.withResolvers<void>();
    const clock = new ManualClock();
    await using _follower = followFile({
      files: systemFiles,
      clock,
      logger: memoryLogger(),
      path,
      changed: told.resolve,
    });
    await clock.waitForSleepers();
    await writeFile(path, 'one');
    await told.promise;
    expect(clock.monotonicMs()).toBe(0);
  });
});
