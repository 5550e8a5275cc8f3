import { join } from 'node:path';
import { buildChain, parseCertificates } from '@linux-patch/pki';
import type { Files } from '@linux-patch/runtime';
import { systemFiles, systemRandom } from '@linux-patch/runtime/node';
import { ManualClock, temporaryFolder } from '@linux-patch/runtime/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Authority, openAuthority } from '../src/authority/authority.ts';
import { initialiseAuthority } from '../src/authority/init.ts';
import { type ManagerPaths, managerPaths } from '../src/config/paths.ts';

const WEB = { dnsNames: ['manager.example.test'], ipAddresses: ['127.0.0.1'] };
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let paths: ManagerPaths;
let clock: ManualClock;

beforeEach(async () => {
  folder = await temporaryFolder();
  paths = managerPaths(folder.path);
  clock = new ManualClock(Date.now());
  await initialiseAuthority({ files: systemFiles, clock, random: systemRandom, paths, webNames: WEB });
});
afterEach(() => folder[Symbol.asyncDispose]());

function open(files: Files = systemFiles): Promise<Authority> {
  return openAuthority({
    files,
    clock,
    random: systemRandom,
    paths,
    webNames: WEB,
    agentDays: 365,
    crlHours: 24,
    localHosts: [],
  });
}

const CHANGES = new Set(['writeDurably', 'makeFolder', 'rename', 'remove', 'syncFolder']);

/** Files of a process that is killed at its nth change: that one and all later ones do not happen. */
function dyingFiles(killAt: number): Files & { readonly changes: () => number } {
  let changes = 0;
  const files = new Proxy(systemFiles, {
    get(target, name: keyof Files) {
      const real = target[name] as (...args: unknown[]) => unknown;
      return (...args: unknown[]) => {
        if (!CHANGES.has(name)) return real.apply(target, args);
        changes += 1;
        if (changes >= killAt) return Promise.reject(new Error('killed'));
        return real.apply(target, args);
      };
    },
  });
  return Object.assign(Object.create(files) as Files, { changes: () => changes });
}

/** What has to hold whatever happened: the manager's own certificates prove themselves to everybody who follows. */
async function requireSound(authority: Authority): Promise<void> {
  for (const pair of [await authority.clientPair(), await authority.webPair()]) {
    const [leaf, ...intermediates] = parseCertificates(pair.certificatePem);
    if (!leaf) throw new Error('no certificate');
    const roots = parseCertificates(authority.trustedRootsPem);
    buildChain({ leaf, intermediates, roots, now: clock.now() });
  }
}

type Step = (authority: Authority) => Promise<unknown>;
const begin: Step = (authority) => authority.store.begin();
const toManager: Step = async (authority) => {
  await authority.store.enter('manager');
  await authority.clientPair();
  await authority.webPair();
};
const toHosts: Step = (authority) => authority.store.enter('hosts');
const toRollback: Step = async (authority) => {
  await authority.store.enter('rollback');
  await authority.clientPair();
};
const keepNext: Step = (authority) => authority.store.finish('next', false);
const keepCurrent: Step = (authority) => authority.store.finish('current', false);

describe('a manager that is killed at any change of a file', () => {
  it.each([
    ['while it makes the new CA', [], begin, ['standby', 'trust']],
    ['while it goes over to the new CA', [begin], toManager, ['trust', 'manager']],
    ['while hosts are to follow', [begin, toManager], toHosts, ['manager', 'hosts']],
    ['while it rolls back', [begin, toManager, toHosts], toRollback, ['hosts', 'rollback']],
    ['while it ends the rotation', [begin, toManager, toHosts], keepNext, ['hosts', 'standby']],
    ['while it ends the roll back', [begin, toManager, toRollback], keepCurrent, ['rollback', 'standby']],
  ] as const)(
    '%s is in the old phase or the new one, sound, and goes on',
    async (_when, before, step, phases) => {
      const first = await open();
      for (const one of before) await one(first);
      const seen = new Set<string>();
      for (let killAt = 1; ; killAt += 1) {
        const files = dyingFiles(killAt);
        const dying = await open(files);
        const died = await step(dying).then(
          () => false,
          () => true,
        );
        const survivor = await open();
        expect(phases).toContain(survivor.store.state.phase);
        seen.add(survivor.store.state.phase);
        await requireSound(survivor);
        // Keys of a CA that is gone do not survive the next start.
        for (const { id } of survivor.store.state.retired) {
          const where = id === 'ca-1' ? paths.caFolder : join(paths.caFolder, id);
          expect(await systemFiles.facts(join(where, 'root.key.pem'))).toBeUndefined();
        }
        // What makes or ends a CA is done once; the others are tried until they are through.
        const once = step === begin || step === keepNext || step === keepCurrent;
        if (!died || (once && survivor.store.state.phase === phases[1])) break;
      }
      const last = await open();
      if (last.store.state.phase === phases[0]) await step(last);
      expect(last.store.state.phase).toBe(phases[1]);
      await requireSound(await open());
      expect(seen.size).toBeGreaterThan(0);
    },
  );

  it('leaves no keys of CAs that never came to be, once the next one is made', async () => {
    for (let killAt = 1; killAt <= 8; killAt += 1) {
      const dying = await open(dyingFiles(killAt));
      await begin(dying).catch(() => {});
      if ((await open()).store.state.phase === 'trust') break;
    }
    const authority = await open();
    if (authority.store.state.phase === 'standby') await begin(authority);
    const folders = (await systemFiles.list(paths.caFolder)).filter((name) => name.startsWith('.ca-'));
    expect(folders).toEqual([]);
  });
});

describe('the state of the CAs', () => {
  it('that cannot be read stops the manager instead of letting it guess', async () => {
    await systemFiles.writeDurably({ path: join(paths.caFolder, 'rotation.json'), data: '{', mode: 0o600 });
    await expect(open()).rejects.toMatchObject({ code: 'NOT_INITIALIZED' });
  });

  it('is kept from everybody else, keys of a new CA too', async () => {
    await begin(await open());
    for (const name of ['rotation.json', 'ca-2/root.key.pem', 'ca-2/issuing.key.pem']) {
      expect([name, (await systemFiles.facts(join(paths.caFolder, name)))?.mode]).toEqual([name, 0o600]);
    }
    expect((await systemFiles.facts(join(paths.caFolder, 'ca-2')))?.mode).toBe(0o700);
  });
});
