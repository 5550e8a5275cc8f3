import { execFile } from 'node:child_process';
import { appendFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ManagerStatus } from '@linux-patch/contract';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPostgres, type TestServer } from '../../../../tools/postgresql/server.ts';
import type { Answer } from '../https-call.ts';
import { halvesIn, lostOf } from '../kept-writes.ts';
import { dataOf } from '../known-host.ts';
import { asAdministrator } from '../test-database.ts';
import { startWorld, type World } from '../world.ts';
import { openWrites, type Writes } from '../writes.ts';

const execute = promisify(execFile);
const BLOCK = Buffer.alloc(64 * 1024);

/** A real disk of its own; only root may mount one. */
const isRoot = process.getuid?.() === 0;

describe.runIf(isRoot)('when the disk of the database server is full', () => {
  const stack = new AsyncDisposableStack();
  let server: TestServer;
  let world: World;
  let writes: Writes;
  let filler: string;
  const isRefusal = ({ status, text }: Answer): boolean => {
    return (
      (status === 507 && text.includes('"DISK_FULL"')) ||
      (status === 503 && text.includes('"DATABASE_UNAVAILABLE"'))
    );
  };

  beforeAll(async () => {
    const { path } = stack.use(await temporaryFolder());
    await execute('mount', ['-t', 'tmpfs', '-o', 'size=120m,mode=1777', 'tmpfs', path]);
    stack.defer(async () => void (await execute('umount', [path])));
    filler = join(path, 'filler');
    server = stack.use(
      await startPostgres({ parent: path, settings: ['max_wal_size=32MB', 'min_wal_size=32MB'] }),
    );
    await asAdministrator(server.socket, 'create database fleet');
    world = stack.use(
      await startWorld({ database: { url: `postgresql://postgres@/fleet?host=${server.socket}` } }),
    );
    const put = (path: string, body: object) => world.local({ path: `/api/v1${path}`, method: 'PUT', body });
    writes = await openWrites({ ...world, put }, isRefusal);
  });
  afterAll(() => stack.disposeAsync());

  async function fill(): Promise<void> {
    for (;;) {
      try {
        await appendFile(filler, BLOCK);
      } catch {
        return;
      }
    }
  }

  const isReady = async (): Promise<number> => (await world.call({ path: '/readyz' })).status;
  const trouble = async () => dataOf<ManagerStatus>(await world.admin('/status')).database_trouble;

  /** Goes on by itself when there is room, with all that was answered. */
  async function recovers(): Promise<void> {
    await rm(filler, { force: true });
    await expect.poll(isReady, { timeout: 60_000 }).toBe(200);
    expect(await trouble()).toBeNull();
    const writing = writes.untilRefused();
    await writes.everyKind();
    writes.end();
    await writing;
    expect(writes.unexpected).toEqual([]);
    expect(await lostOf(world.database.db, writes.done)).toEqual([]);
    expect(await halvesIn(world.database.db)).toEqual([]);
  }

  it('changes are refused with that, nobody is told that it is ready, and reading goes on', async () => {
    await fill();
    await writes.untilRefused();
    expect(writes.unexpected).toEqual([]);
    expect(await isReady()).toBe(503);
    expect((await world.admin('/hosts')).status).toBe(200);
    expect(await trouble()).toMatch(/^The disk of the database server is full/);
    const said = world.logger.records.map(({ message }) => message);
    expect(said.filter((one) => one.startsWith('No change is kept: The disk of the database'))).toHaveLength(
      1,
    );
    await recovers();
    expect(world.logger.records.map(({ message }) => message)).toContain('The database takes changes again');
  });

  it('so that it cannot write its log ahead, it ends, and the manager says that it is away', async () => {
    // Room enough that a table grows, and none for another segment of the log.
    await fill();
    await asAdministrator(server.socket, ...Array.from({ length: 8 }, () => 'select pg_switch_wal()')).catch(
      () => undefined,
    );
    await writes.untilRefused();
    expect(writes.unexpected).toEqual([]);
    expect(await isReady()).toBe(503);
    expect(world.logger.records.map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/^The database .* cannot be used: .* The manager goes on when it is back$/),
    );
    // Whoever made room starts it again.
    await rm(filler, { force: true });
    await server.stop();
    await server.start();
    await recovers();
  });
});
