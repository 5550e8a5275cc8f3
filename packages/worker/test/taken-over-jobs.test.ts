import { chown, mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nodeCommands } from '@linux-patch/runtime/node';
import { describe, expect, it } from 'vitest';
import { admissionWorld, INSTANCE, leaveJob } from './admission-world.ts';

const OTHER_JOB = 'f3b1c0de-0000-4000-8000-000000000000';
const ORDERS = 'var/lib/linux_patch_worker/orders';

describe('what an earlier release accepted and did not end', () => {
  it('is looked for where that has begun it, and none is begun there', async () => {
    const { root, put, ask, orders } = await admissionWorld();
    await put('etc/linux_patch_api/config.yaml', `jobs: { storage_path: "${join(root, 'jobs')}" }\n`);
    for (const job of [OTHER_JOB, INSTANCE]) await leaveJob(root, job, { ended: false });
    const work = join(root, 'jobs/work', INSTANCE);
    await mkdir(work, { recursive: true });
    await writeFile(join(work, 'plan.json'), '{}');
    expect(await ask({ v: 1, op: 'take-over' })).toEqual({ jobs: 2 });
    expect(Object.fromEntries((await orders()).map(({ job, by }) => [job, by]))).toEqual({
      [OTHER_JOB]: { kind: 'earlier_release', begun: false },
      [INSTANCE]: { kind: 'earlier_release', begun: true },
    });
  });

  it('goes on, once', async () => {
    const { root, put, ask, askAtSocket, orders, run } = await admissionWorld();
    await put('etc/linux_patch_api/config.yaml', `jobs: { storage_path: "${join(root, 'jobs')}" }\n`);
    const takeOver = { v: 1, op: 'take-over' };
    await leaveJob(root, OTHER_JOB, { ended: false });
    await leaveJob(root, INSTANCE, { ended: true });
    expect(await askAtSocket(takeOver)).toMatchObject({ code: 'FORBIDDEN' });
    expect(await ask(takeOver)).toEqual({ jobs: 1 });
    expect(await orders()).toMatchObject([
      {
        job: OTHER_JOB,
        request: { operation: 'hold', names: ['curl'] },
        by: { kind: 'earlier_release', begun: false },
      },
    ]);
    expect(await run(OTHER_JOB)).toMatchObject({ code: 'SERVICE_UNHEALTHY' });
    expect(await ask(takeOver)).toEqual({ jobs: 0 });
    expect(await orders()).toEqual([]);
  });
});

describe('a folder of jobs that is another user’s already', () => {
  it('is looked at without a link and a pipe, and nothing in it is renamed, whatever it leads to', async () => {
    const { root, put, ask, orders } = await admissionWorld();
    await leaveJob(root, OTHER_JOB, { ended: false });
    await chown(join(root, 'jobs'), 4_242, 4_242);
    await nodeCommands().run({ program: 'mkfifo', args: [join(root, 'jobs/a.json')], timeoutMs: 60_000 });
    await put('etc/others/daemon.json', '{}');
    await symlink(join(root, 'etc/others/daemon.json'), join(root, 'jobs/b.json'));
    await symlink(join(root, 'etc/others'), join(root, 'link'));
    for (const folder of ['jobs', 'link']) {
      const names = await readdir(join(root, folder));
      await put('etc/linux_patch_api/config.yaml', `jobs: { storage_path: "${join(root, folder)}" }\n`);
      expect(await ask({ v: 1, op: 'take-over' })).toEqual({ jobs: 0 });
      expect(await readdir(join(root, folder))).toEqual(names);
      expect(await orders()).toEqual([]);
      await rm(join(root, ORDERS), { recursive: true });
    }
  });
});
