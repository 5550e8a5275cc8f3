import { temporaryFolder } from '@linux-patch/runtime/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { OperationRun } from '../../src/package-interface/package-operations.ts';
import { readDatabaseHealth } from '../../src/packages/database-faults.ts';
import { createPackageOperations } from '../../src/packages/operations.ts';
import { PlanMemory } from '../../src/packages/plan-memory.ts';
import { createPackageReader } from '../../src/packages/snapshot.ts';
import { openShelf } from './shelf-manager.ts';
import { takeLock } from './taken-lock.ts';

const stored = (id: string) => {
  const [name = '', architecture = '', version = ''] = id.split(/[.=]/);
  return { name, architecture, version };
};

async function world(installed: readonly string[], next: readonly string[] = []) {
  const folder = await temporaryFolder();
  onTestFinished(() => folder[Symbol.asyncDispose]());
  const shelf = await openShelf(folder.path, { installed: installed.map(stored), next: next.map(stored) });
  return {
    ...shelf,
    operations: createPackageOperations(shelf.host, createPackageReader(shelf.host), new PlanMemory()),
  };
}

function run(overrides: Partial<OperationRun> = {}): OperationRun {
  return {
    signal: new AbortController().signal,
    timeoutMs: 60_000,
    onProgress: () => {},
    onLine: () => {},
    onWaitingForLock: () => {},
    ...overrides,
  };
}

const installation = (...ids: string[]) => ({
  packages: ids.map((id) => ({ name: id.split('=')[0] ?? id, version: id.split('=')[1] })),
  onlyUpgrade: false,
  force: false,
  noRecommends: false,
  allowDowngrade: false,
});
const everything = { selection: { kind: 'all' }, exclude: [] } as const;

describe('a package manager that names no package', () => {
  it('has lost its database on a running host, where "nothing waits" would be a lie; in a private root it may be right', async () => {
    const { host } = await world([]);
    const read = (root: string) => createPackageReader({ ...host, root }).reading();
    expect((await read(host.root)).installed).toEqual([]);
    await expect(read('/')).rejects.toMatchObject({
      code: 'PKG_MANAGER_ERROR',
      message: expect.stringContaining('not even itself'),
    });
  });
});

describe('a package manager that is nothing like apt', () => {
  it('has its changes told by its own names and its own order of versions, and its own progress', async () => {
    const ids = ['toy.x64=aa', 'toy.arm=b'];
    const { operations } = await world(['toy.x64=b', 'toy.arm=aa', 'old.x64=a'], ids);
    const percents: number[] = [];
    const onProgress = (percent: number) => percents.push(percent);
    const { results } = await operations.install(installation(...ids), run({ onProgress }));
    expect(results).toEqual([
      { name: 'toy.arm', action: 'downgraded', version_before: 'aa', version_after: 'b' },
      { name: 'toy.x64', action: 'upgraded', version_before: 'b', version_after: 'aa' },
    ]);
    expect(percents).toEqual([50, 100]);
    expect((await operations.remove({ name: 'old.x64', purge: false, force: false }, run())).results).toEqual(
      [{ name: 'old', action: 'removed', version_before: 'a', version_after: null }],
    );
  });

  it('is not believed when it ends well and did nothing', async () => {
    const { operations } = await world([], ['liar.x64=a']);
    await expect(operations.install(installation('liar.x64=a'), run())).rejects.toMatchObject({
      code: 'PKG_MANAGER_ERROR',
      message: expect.stringContaining('liar.x64 is not installed, not at a'),
    });
  });

  it.each([[['mortal.x64=a']], [['mortal.x64=a', 'toy.x64=a']]])(
    'that is killed is said to have been, and no script of a package to have failed: %j',
    async (ids) => {
      const { operations } = await world([], ['mortal.x64=a', 'toy.x64=a']);
      const changed: unknown[] = [];
      const onChanged: OperationRun['onChanged'] = (results) => changed.push(...results);
      await expect(operations.install(installation(...ids), run({ onChanged }))).rejects.toMatchObject({
        code: 'INTERRUPTED',
        message: expect.stringMatching(
          /ended in the middle, and not by this job.*mortal is not configured\. What was left unfinished/,
        ),
      });
      expect(changed).toMatchObject([
        {
          name: expect.stringMatching(/^mortal/),
          action: 'failed',
          version_after: 'a',
          error_code: 'INTERRUPTED',
        },
      ]);
    },
  );

  it.each([
    ['SIGHUP', 1],
    ['SIGILL', 4],
    ['SIGBUS', 7],
    ['SIGXFSZ', 25],
    ['SIGSYS', 31],
  ])('that was ended by %s is not believed to be done, though all is there', async (_name, signal) => {
    const id = `signal-${signal}.x64=a`;
    const { operations } = await world([], [id]);
    await expect(operations.install(installation(id), run())).rejects.toMatchObject({
      code: 'INTERRUPTED',
      message: expect.stringContaining('ended in the middle, and not by this job'),
    });
  });

  it('has its scripts quoted and its commands named when one fails', async () => {
    const { operations, host } = await world([], ['rough.x64=a', 'toy.x64=a']);
    const changed: unknown[] = [];
    const onChanged: OperationRun['onChanged'] = (results) => changed.push(...results);
    const wish = installation('rough.x64=a', 'toy.x64=a');
    await expect(operations.install(wish, run({ onChanged }))).rejects.toMatchObject({
      code: 'SCRIPT_FAILED',
      message: expect.stringMatching(/rough is not configured: SHELF: rough: .* "shelf audit" lists/),
    });
    expect(changed).toMatchObject([
      { name: 'rough', action: 'failed' },
      { name: 'toy', action: 'installed' },
    ]);
    expect(await readDatabaseHealth(host, new AbortController().signal)).toMatchObject({ clean: false });
  });

  it('is asked for what exists, and for what fits together', async () => {
    const { operations } = await world(['heavy.x64=a', 'toy.x64=a'], ['heavy.x64=bb', 'toy.x64=bb']);
    await expect(operations.install(installation('none.x64=a'), run())).rejects.toMatchObject({
      code: 'PKG_NOT_FOUND',
    });
    await expect(operations.install(installation('toy.x64=zz'), run())).rejects.toMatchObject({
      code: 'VERSION_NOT_AVAILABLE',
    });
    const { results, left } = await operations.applyPatches(everything, run());
    expect(left).toMatchObject([{ name: 'heavy.x64', reason: 'too heavy' }]);
    expect(results).toMatchObject([
      { name: 'toy', action: 'upgraded', version_after: 'bb' },
      { name: 'heavy.x64', action: 'unchanged' },
    ]);
  });

  it('is repaired before the next job, and waited for while somebody holds its lock', async () => {
    const { operations, cutOff, lockFile } = await world([], ['toy.x64=a']);
    await cutOff();
    expect(await operations.repair(run())).toBe(true);
    expect(await operations.repair(run())).toBe(false);
    const taken = await takeLock(lockFile);
    const names: string[] = [];
    const onWaitingForLock = (name: string): void => {
      names.push(name);
      void taken.letGo();
    };
    const told: string[] = [];
    const onLockFree = (): void => void told.push('free');
    const onProgress = (percent: number): void => void told.push(`${percent} %`);
    const { results } = await operations.install(
      installation('toy.x64=a'),
      run({ onWaitingForLock, onLockFree, onProgress }),
    );
    expect(told).toEqual(['free', '100 %']);
    expect(results).toMatchObject([{ name: 'toy', action: 'installed' }]);
    expect(names[0]).toMatch(/^flock \(process \d+\)$/);
    await taken.letGo();
  });

  it('tells that the wait is over before it repairs, which may print nothing', async () => {
    const { operations, cutOff, lockFile } = await world([]);
    await cutOff();
    const taken = await takeLock(lockFile);
    const told: string[] = [];
    const onWaitingForLock = (): void => {
      told.push('waits');
      void taken.letGo();
    };
    const onLockFree = (): void => void told.push('free');
    const onLine = (line: string): void => void told.push(line);
    expect(await operations.repair(run({ onWaitingForLock, onLockFree, onLine }))).toBe(true);
    expect(told.filter((one, at) => one !== told[at - 1])).toEqual([
      'shelf was interrupted earlier; finishing its work first',
      'waits',
      'free',
    ]);
  });
});
