import { execFile } from 'node:child_process';
import { appendFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ManagerStatus } from '@linux-patch/contract';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newOlderAgent } from './agents.ts';
import { dataOf } from './known-host.ts';
import { joinListening, LISTENING } from './listening-agent.ts';
import { ON_SQLITE, startWorld, type World } from './world.ts';

const execute = promisify(execFile);
const BLOCK = Buffer.alloc(64 * 1024);

/** A real disk of 24 MiB; only root may mount one. */
const isRoot = process.getuid?.() === 0;

describe.runIf(isRoot)('on a full disk the manager', () => {
  const stack = new AsyncDisposableStack();
  let world: World;
  let filler = '';
  let host: Awaited<ReturnType<typeof joinListening>>;

  beforeAll(async () => {
    const folder = stack.use(await temporaryFolder());
    await execute('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', folder.path]);
    stack.defer(async () => void (await execute('umount', [folder.path])));
    filler = join(folder.path, 'filler');
    world = stack.use(await startWorld({ ...LISTENING, ...ON_SQLITE }, Date.now(), folder.path));
    host = stack.use(await joinListening(world));
  });
  afterAll(() => stack.disposeAsync());

  /** Fills the disk, and what SQLite has set aside of it, until nothing can be written. */
  async function fill(): Promise<void> {
    for (;;) {
      try {
        await appendFile(filler, BLOCK);
      } catch {
        break;
      }
    }
    await appendFile(filler, 'x'.repeat(4_096)).catch(() => undefined);
    for (let number = 0; number < 2_000; number += 1)
      if ((await newOlderAgent(world).register()).status === 507) return;
    throw new Error('the disk takes everything');
  }

  const apply = () => world.admin(`/hosts/${host.fqdn}/patches/apply`, { all: true });
  const applied = () => host.asked.filter((one) => one.path === '/api/v1/patches/apply').length;

  it('names the disk, and starts nothing that it cannot record', async () => {
    await fill();
    const answer = await apply();
    expect([answer.status, answer.json().error.code]).toEqual([507, 'DISK_FULL']);
    expect(answer.json().error.message).toMatch(/cannot write its database \/.*the disk is full.*df -h/);
    expect(applied()).toBe(0);
    expect((await world.admin('/hosts')).json().data.hosts).toHaveLength(1);
    expect((await world.call({ path: '/readyz' })).status).toBe(503);
    expect(dataOf<ManagerStatus>(await world.admin('/status')).database_trouble).toMatch(/the disk is full/);
  });

  it('does not start, and says why', async () => {
    await expect(world.restart()).rejects.toMatchObject({
      code: 'DISK_FULL',
      message: expect.stringContaining('cannot write its database'),
    });
  });

  it('starts when there is room again, with everything it had, and works', async () => {
    await rm(filler);
    await world.restart();
    expect((await apply()).status).toBe(202);
    expect(applied()).toBe(1);
    const rows = await world.database.db
      .selectFrom('audit')
      .select('event')
      .where('event', 'in', ['patches_requested', 'patches_applied'])
      .execute();
    expect(rows.map((row) => row.event)).toEqual(['patches_requested', 'patches_applied']);
  });
});
