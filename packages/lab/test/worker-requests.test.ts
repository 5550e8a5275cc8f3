import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { nodeCommands, systemFiles } from '@linux-patch/runtime/node';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { HostPlan } from '../../worker/src/package-interface/package-plans.ts';
import { watchedKey } from '../../worker/src/package-interface/watched-files.ts';
import { WorkerAnswer } from '../../worker/src/requests/answer.ts';
import { StateAnswer } from '../../worker/src/requests/host-state.ts';
import { DetailAnswer, PackageListing } from '../../worker/src/requests/package-listing.ts';
import { PlanAnswer } from '../../worker/src/requests/plan-question.ts';
import { askOverPipes, OWN_PROGRAMS } from '../../worker/test/worker-process.ts';
import { bench, plainWish } from './apt-bench.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let host: Awaited<ReturnType<typeof bench>>;

beforeAll(async () => {
  folder = await temporaryFolder();
  host = await bench(folder.path, ['toylib=1.0-1', 'toyhello=1.0-1']);
});
afterAll(() => folder[Symbol.asyncDispose]());

/** Asks the real program. */
async function ask(request: object, body = ''): Promise<unknown> {
  const { answer } = await askOverPipes(['request', '--root', host.root], (to) =>
    to.end(`${JSON.stringify({ v: 1, ...request })}\n${body}`),
  );
  const read = WorkerAnswer.parse(JSON.parse(answer));
  if (!read.ok) throw new Error(read.error.message);
  return read.value;
}

it('a worker reads what is installed, what waits and the sources, as its package manager says it', async () => {
  const listing = PackageListing.parse(await ask({ op: 'snapshot', explain: false }));
  const { inventory } = host.packages;
  expect(listing.packages).toEqual(await inventory.listPackages());
  const { patches, hiddenSecurity } = await inventory.listPatches();
  expect(listing.updates).toEqual({ patches, hiddenSecurity });
  expect(patches.map(({ name }) => name)).toEqual(expect.arrayContaining(['toylib', 'toyhello']));
  expect(listing.sources).toMatchObject([
    { label: 'Debian', present: true, security: false },
    { label: 'Debian-Security', present: true, security: true },
  ]);
  expect(listing.versionRanks).toHaveLength(listing.packages.length);
});

it('explains on request which updates an ordinary upgrade would leave', async () => {
  const { updates } = PackageListing.parse(await ask({ op: 'snapshot', explain: true }));
  expect(updates).toMatchObject({
    patches: expect.arrayContaining([expect.objectContaining({ kept_back: false })]),
  });
});

it('has details of one package, and null for one that nobody knows', async () => {
  const detail = DetailAnswer.parse(await ask({ op: 'detail', name: 'toylib' }));
  expect(detail).toEqual(await host.packages.inventory.findPackage('toylib'));
  expect(await ask({ op: 'detail', name: 'nowhere' })).toBeNull();
});

async function plan(question: object, more: object = {}): Promise<PlanAnswer> {
  const body = JSON.stringify(question);
  return PlanAnswer.parse(
    await ask({ op: 'plan', bytes: Buffer.byteLength(body), limitMs: 60_000, ...more }, body),
  );
}

const waiting = { signal: new AbortController().signal, limitMs: 60_000 };
const everything = { selection: { kind: 'all' as const }, exclude: [] };

it('says what each kind of change would do, as the package manager does', async () => {
  const { plans } = host.packages.inventory;
  const wish = { ...plainWish, packages: [{ name: 'toyconf' }] };
  const removal = { name: 'toylib', purge: true, force: false };
  /** Without when it was made, and what JSON leaves out. */
  const timeless = (one: PlanAnswer | HostPlan) => JSON.parse(JSON.stringify({ ...one, plannedAtMs: 0 }));
  const pairs = [
    [await plan({ change: 'patches', ...everything }), await plans.patches(everything, waiting)],
    [await plan({ change: 'install', ...wish }), await plans.install(wish, waiting)],
    [await plan({ change: 'remove', ...removal }), await plans.remove(removal, waiting)],
  ] as const;
  for (const [told, own] of pairs) {
    expect(told.steps.length + told.left.length).toBeGreaterThan(0);
    expect(timeless(told)).toEqual(timeless(own));
  }
  await expect(plan({ change: 'install', ...wish, packages: [{ name: 'nowhere' }] })).rejects.toThrow(
    'nowhere',
  );
});

it('has the verdict of the policy of the host in its plan, and believes the clock no more than who asks', async () => {
  const path = join(host.root, 'etc/linux_patch_api/policy.yaml');
  await systemFiles.makeFolder(dirname(path), 0o755);
  const rule = async (text: string, more: object = {}) => {
    await systemFiles.writeDurably({ path, data: text, mode: 0o644 });
    return (await plan({ change: 'patches', ...everything }, more)).denial;
  };
  try {
    expect(await rule('allowed_operations: [install]\n')).toMatchObject({
      rule: 'allowed_operations',
      line: 1,
    });
    expect(await rule('allowed_operations: [update\n')).toMatchObject({ rule: '', file: path });
    const always = 'windows: [{ from: "00:00", to: "24:00" }]\ntime_zone: UTC\n';
    expect(await rule(always)).toBeUndefined();
    expect(await rule(always, { clockFault: 'the clock stands in 1970' })).toMatchObject({
      rule: 'windows',
      reason: expect.stringContaining('the clock stands in 1970'),
    });
  } finally {
    await systemFiles.remove(path);
  }
});

it('tells whether a reboot is needed and the packages are sound, and by which files that changes', async () => {
  const sound = StateAnswer.parse(await ask({ op: 'state' }));
  expect(sound).toMatchObject({ reboot: { required: false, reasons: [] }, clean: true, health: 'ok' });
  expect(await watchedKey(systemFiles, sound.watched)).toBe(sound.key);
  const flag = join(host.root, 'run/reboot-required');
  await systemFiles.makeFolder(dirname(flag), 0o755);
  await systemFiles.writeDurably({ path: flag, data: '', mode: 0o644 });
  expect(await watchedKey(systemFiles, sound.watched)).not.toBe(sound.key);
  expect(StateAnswer.parse(await ask({ op: 'state' })).reboot).toEqual({
    required: true,
    reasons: ['/run/reboot-required exists'],
  });
  await systemFiles.remove(flag);
  const journal = join(host.root, 'var/lib/dpkg/updates/0001');
  await systemFiles.writeDurably({ path: journal, data: '', mode: 0o644 });
  expect(await watchedKey(systemFiles, sound.watched)).not.toBe(sound.key);
  expect(StateAnswer.parse(await ask({ op: 'state' }))).toMatchObject({
    clean: false,
    health: 'dpkg was interrupted; the next job repairs it',
  });
  await systemFiles.remove(journal);
});

it('names who works with the packages, and reads nothing ahead in the middle of that', async () => {
  const ahead = { op: 'snapshot', explain: false, unlessBusy: true } as const;
  expect(await ask(ahead)).toMatchObject({ manager: 'apt' });
  const lock = join(host.root, 'var/lib/dpkg/lock-frontend');
  const holder = spawn('flock', ['--no-fork', lock, 'cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    holder.stdin.write('locked\n');
    await once(holder.stdout, 'data');
    expect(await ask(ahead)).toBeNull();
    expect(await ask({ op: 'snapshot', explain: false })).toMatchObject({ manager: 'apt' });
    const state = StateAnswer.parse(await ask({ op: 'state' }));
    expect(state.busy).toBe(`cat (process ${holder.pid})`);
  } finally {
    holder.stdin.end();
    await once(holder, 'close');
  }
});

/** Programs that a process has started and that run. */
async function startedBy(pid: number | undefined): Promise<{ pid: string; name: string }[]> {
  const pids = (await systemFiles.readText(`/proc/${pid}/task/${pid}/children`)) ?? '';
  const found = pids.split(' ').filter(Boolean);
  return Promise.all(
    found.map(async (one) => {
      const name = await systemFiles.readText(`/proc/${one}/comm`).catch(() => undefined);
      return { pid: one, name: name?.trim() ?? '' };
    }),
  );
}

it('ends with everything that it has started when it is told to', async () => {
  const status = join(host.root, 'var/lib/dpkg/status');
  await rename(status, `${status}.away`);
  // Whoever reads it waits for somebody who writes.
  await nodeCommands().run({ program: 'mkfifo', args: [status], timeoutMs: 10_000 });
  try {
    const [program] = OWN_PROGRAMS['linux-patch-worker'];
    const worker = spawn(program, ['request', '--root', host.root], { stdio: 'pipe' });
    worker.stdin.end('{"v":1,"op":"snapshot","explain":false}\n');
    const waits = async () => (await startedBy(worker.pid)).find((one) => one.name === 'dpkg-query');
    await expect.poll(waits).toBeDefined();
    const reader = await waits();
    worker.kill('SIGTERM');
    expect(await once(worker, 'close')).toEqual([143, null]);
    await expect.poll(() => systemFiles.readText(`/proc/${reader?.pid}/comm`)).toBeUndefined();
  } finally {
    await rename(`${status}.away`, status);
  }
});

it('names the files by whose state others can see that something changed', async () => {
  const { key, watched } = PackageListing.parse(await ask({ op: 'snapshot', explain: false }));
  expect(await watchedKey(systemFiles, watched)).toBe(key);
  appendFileSync(join(host.root, 'var/lib/dpkg/status'), '\n');
  expect(await watchedKey(systemFiles, watched)).not.toBe(key);
});
