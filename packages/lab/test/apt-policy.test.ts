import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isPatchError, messageOf } from '@linux-patch/contract';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { must } from '../src/process.ts';
import { plainWish, quietRun } from './apt-bench.ts';
import { type Situation, situation } from './apt-situation.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder[Symbol.asyncDispose]());

const waiting = { signal: new AbortController().signal, limitMs: 100_000 };
const all = { selection: { kind: 'all' as const }, exclude: [] };

/** Makes this the policy of a private root. */
async function allow({ root }: Situation, text: string): Promise<void> {
  await mkdir(join(root, 'etc/linux_patch_api'), { recursive: true, mode: 0o755 });
  await writeFile(join(root, 'etc/linux_patch_api/policy.yaml'), text, { mode: 0o644 });
}

async function installed({ packages }: Situation): Promise<string[]> {
  return (await packages.inventory.listPackages()).map((one) => `${one.name} ${one.version}`);
}

/** The rule that denies a change, and why. */
async function denialOf(work: Promise<unknown>): Promise<{ rule: string; reason: string } | undefined> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isPatchError(error, 'POLICY_DENIED')) throw new Error(`not denied: ${messageOf(error)}`);
  return error.details['policy'] as { rule: string; reason: string };
}

const SECURITY_ONLY = 'allowed_origins: [{ label: Debian-Security }]\n';

describe('origins that are allowed', () => {
  it('let all updates go in at the version of the security archive where the newest is of another', async () => {
    const names = Array.from({ length: 70 }, (_, index) => `toyother${index}`);
    const old = ['toylib', ...names].map((name) => ({ name, version: '1' }));
    const host = await situation(folder.path, {
      published: { main: old },
      installed: old.map((one) => one.name),
    });
    await host.publish({
      main: [...old, { name: 'toylib', version: '3' }, ...names.map((name) => ({ name, version: '2' }))],
      security: [{ name: 'toylib', version: '2' }],
    });
    await allow(host, SECURITY_ONLY);
    const { left = [], results } = await host.packages.operations.applyPatches(all, quietRun());
    expect(results.filter((one) => one.action !== 'unchanged')).toMatchObject([
      { name: 'toylib', version_after: '2' },
    ]);
    expect(left.map((one) => [one.why, one.code])).toEqual(names.map(() => ['policy', 'POLICY_DENIED']));
    expect(left[0]?.reason).toMatch(
      /toyother0 2 would come from the source with .*label Debian, .*policy\.yaml:1\)$/,
    );
  });

  it('do not let in a version that a source has which is not allowed, though one has it that is', async () => {
    const host = await situation(folder.path, {
      published: { main: [{ name: 'toylib', version: '1' }] },
      installed: ['toylib'],
    });
    const both = [{ name: 'toylib', version: '2' }];
    await host.publish({ main: both, security: both });
    await allow(host, SECURITY_ONLY);
    const wish = { ...plainWish, onlyUpgrade: true, packages: [{ name: 'toylib' }] };
    expect((await host.packages.inventory.plans.install(wish, waiting)).denial).toMatchObject({
      rule: 'allowed_origins',
    });
    expect((await denialOf(host.packages.operations.install(wish, quietRun())))?.reason).toContain(
      'label Debian,',
    );
    await allow(host, 'allowed_origins: [{ label: Debian-Security }, { label: Debian, suite: stable }]\n');
    await host.packages.operations.install(wish, quietRun());
    expect(await installed(host)).toEqual(['toylib 2']);
  });

  it('are asked of what comes along with what was named', async () => {
    const host = await situation(folder.path, {
      published: {
        main: [{ name: 'toylib', version: '1' }],
        security: [{ name: 'toyapp', version: '1', depends: 'toylib' }],
      },
      installed: [],
    });
    await allow(host, SECURITY_ONLY);
    const wish = { ...plainWish, packages: [{ name: 'toyapp' }] };
    expect(await denialOf(host.packages.operations.install(wish, quietRun()))).toMatchObject({
      rule: 'allowed_origins',
      reason: expect.stringMatching(/^toylib 1 would come from/),
    });
    expect(await installed(host)).toEqual([]);
  });
});

describe('what nobody has judged', () => {
  it('is not installed to mend dependencies where a rule looks at packages', async () => {
    const host = await situation(folder.path, {
      published: {
        main: [
          { name: 'toylib', version: '1' },
          { name: 'toyapp', version: '1', depends: 'toylib' },
          { name: 'toyhello', version: '1' },
        ],
      },
      installed: ['toyapp', 'toylib'],
    });
    must(await host.apt.run('dpkg', ['--force-depends', '--remove', 'toylib']), 'dpkg --remove');
    await allow(host, 'excluded_packages: [toylib]\n');
    expect(await host.packages.operations.repair(quietRun())).toBe(false);
    expect(await installed(host)).toEqual(['toyapp 1']);
    await allow(host, '');
    expect(await host.packages.operations.repair(quietRun())).toBe(true);
    expect(await installed(host)).toEqual(['toyapp 1', 'toylib 1']);
  });
});

describe('removals', () => {
  it('of what another package takes the place of are removals', async () => {
    const host = await situation(folder.path, {
      published: {
        main: [
          { name: 'toyfoe', version: '1' },
          { name: 'toyrival', version: '1', conflicts: 'toyfoe' },
        ],
      },
      installed: ['toyfoe'],
    });
    await allow(host, 'removals: named\n');
    const wish = { ...plainWish, packages: [{ name: 'toyrival' }], allowRemovals: true };
    expect(await denialOf(host.packages.operations.install(wish, quietRun()))).toMatchObject({
      rule: 'removals',
      reason: 'only packages that a request names may go, and toyfoe would',
    });
    expect(await installed(host)).toEqual(['toyfoe 1']);
  });
});
