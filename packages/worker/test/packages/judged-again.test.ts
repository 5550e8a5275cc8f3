import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nodeCommands, systemClock, systemFiles } from '@linux-patch/runtime/node';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { sessionService } from '../../src/detached/service.ts';
import { createDetachedWork } from '../../src/detached/work.ts';
import type { PackageOperations, PackageWork } from '../../src/package-interface/package-operations.ts';
import { createPackageOperations } from '../../src/packages/operations.ts';
import { PlanMemory } from '../../src/packages/plan-memory.ts';
import { createPackageReader } from '../../src/packages/snapshot.ts';
import { openShelf } from './shelf-manager.ts';
import { type TakenLock, takeLock } from './taken-lock.ts';

/** Some hours of today by UTC, of which now is none. */
function closedWindow(): string {
  const clock = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString().slice(11, 16);
  return `time_zone: UTC\nwindows: [{ from: "${clock(2)}", to: "${clock(3)}" }]\n`;
}

/** A host on which somebody else takes the lock just when a job has written down what it is about to change. */
async function world() {
  const folder = await temporaryFolder();
  onTestFinished(() => folder[Symbol.asyncDispose]());
  const [toy, next] = ['aa', 'aaa'].map((version) => ({ name: 'toy', architecture: 'x64', version }));
  const { host, lockFile } = await openShelf(folder.path, {
    installed: toy ? [toy] : [],
    next: next ? [next] : [],
  });
  const service = sessionService(nodeCommands({}), systemFiles);
  const detached = createDetachedWork({
    folder: join(folder.path, 'work'),
    files: systemFiles,
    clock: systemClock,
    service,
  });
  const own = detached.of('job');
  let taken: Promise<TakenLock> | undefined;
  const work: PackageWork = {
    async begin(plan) {
      await own.begin(plan);
      await (taken ??= takeLock(lockFile));
    },
    withdraw: () => own.withdraw(),
    plan: () => own.plan(),
    run: (command) => own.run(command),
    follow: (command) => own.follow(command),
  };
  const waits = Promise.withResolvers<void>();
  const run = {
    work,
    signal: new AbortController().signal,
    timeoutMs: 60_000,
    onProgress: () => {},
    onLine: () => {},
    onWaitingForLock: () => waits.resolve(),
  };
  return {
    run,
    lockFile,
    operations: createPackageOperations(host, createPackageReader(host), new PlanMemory()),
    stateOf: () => detached.stateOf('job'),
    installed: async () => (await host.adapter.reading.installed()).map((one) => one.version),
    /** Resolves when the job waits, or has ended. */
    untilWaiting: (change: Promise<unknown>) => Promise.race([waits.promise, change.catch(() => {})]),
    allow: (text: string) => writeFile(join(folder.path, 'policy.yaml'), text, { mode: 0o600 }),
    letGo: async () => (await taken)?.letGo(),
  };
}
type World = Awaited<ReturnType<typeof world>>;

const CHANGES = {
  'an installation': (operations, run) =>
    operations.install(
      {
        packages: [{ name: 'toy.x64', version: 'aaa' }],
        onlyUpgrade: false,
        force: false,
        noRecommends: false,
        allowDowngrade: false,
      },
      run,
    ),
  'a removal': (operations, run) => operations.remove({ name: 'toy.x64', purge: false, force: false }, run),
  'all updates': (operations, run) =>
    operations.applyPatches({ selection: { kind: 'all' }, exclude: [] }, run),
} satisfies Record<string, (operations: PackageOperations, run: World['run']) => Promise<unknown>>;

describe('holding packages', () => {
  it.each([
    ['excluded_packages', 'excluded_packages: ["t?y:x64"]\n'],
    ['allowed_operations', 'allowed_operations: [install]\n'],
    ['windows', closedWindow()],
  ])('is judged once more when nobody else holds the lock: %s', async (rule, policy) => {
    const { allow, lockFile, operations, run, untilWaiting } = await world();
    const taken = await takeLock(lockFile);
    const done = operations.hold({ names: ['toy.x64'], hold: true }, run);
    await untilWaiting(done);
    await allow(policy);
    await taken.letGo();
    await expect(done).rejects.toMatchObject({ code: 'POLICY_DENIED', details: { policy: { rule } } });
    await allow('');
    const held = await operations.hold({ names: ['toy.x64'], hold: true }, run);
    expect(held.results).toMatchObject([{ name: 'toy', action: 'held' }]);
    await allow(policy);
    const again = await operations.hold({ names: ['toy.x64'], hold: true }, run);
    expect(again.results).toMatchObject([{ name: 'toy', action: 'unchanged' }]);
  });
});

describe('a change that had to wait for the lock once more when it was approved', () => {
  it.each(
    Object.entries(CHANGES).flatMap(([what, change]) =>
      [
        ['excluded_packages', 'excluded_packages: [toy]\n'],
        ['allowed_operations', 'allowed_operations: []\n'],
        ['windows', closedWindow()],
      ].map(([rule, policy]) => [what, rule, { change, policy: policy ?? '' }] as const),
    ),
  )('does nothing that the policy forbids by then: %s, %s', async (_what, rule, { change, policy }) => {
    const { allow, installed, letGo, operations, run, stateOf, untilWaiting } = await world();
    const done = change(operations, run);
    await untilWaiting(done);
    await allow(policy);
    await letGo();
    await expect(done).rejects.toMatchObject({ code: 'POLICY_DENIED', details: { policy: { rule } } });
    expect([await installed(), await stateOf()]).toEqual([['aa'], 'not_begun']);
  });

  it('is not held for begun while it waits, and is done when it still may', async () => {
    const { installed, letGo, operations, run, stateOf, untilWaiting } = await world();
    const done = CHANGES['all updates'](operations, run);
    await untilWaiting(done);
    expect(await stateOf()).toBe('not_begun');
    await letGo();
    await done;
    expect(await installed()).toEqual(['aaa']);
  });
});
