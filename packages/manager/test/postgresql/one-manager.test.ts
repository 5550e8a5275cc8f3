import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { memoryLogger, temporaryFolder } from '@linux-patch/runtime/testing';
import { expect, it } from 'vitest';
import { inTransaction } from '../../src/database/transactions.ts';
import { asAdministrator, openAsManager, openBeside, testDatabase, testServer } from '../test-database.ts';

const newUrl = async (): Promise<string> => {
  const { settings } = await testDatabase({ database: randomUUID() });
  return settings.database?.url ?? '';
};

const OTHERS = `select pg_terminate_backend(pid) from pg_stat_activity where datname = `;

it('a second manager on one database is refused, and told who has it; when that one stops it may begin', async () => {
  const url = await newUrl();
  const first = await openAsManager(url, 'linux-patch-manager on first.example');
  await expect(openAsManager(url)).rejects.toMatchObject({
    code: 'INSTANCE_RUNNING',
    message: expect.stringMatching(
      /Another manager works with the database postgresql:.*"linux-patch-manager on first\.example" on the machine of the database, since .*One database has one manager; stop the other one first/,
    ),
  });
  await first[Symbol.asyncDispose]();
  await using second = await openAsManager(url);
  expect(await second.db.selectFrom('hosts').selectAll().execute()).toEqual([]);
});

it('whoever lost the database to another manager writes nothing any more, and gets it back after that one', async () => {
  const url = await newUrl();
  const name = /\/(t_\w+)\?/.exec(url)?.[1] ?? '';
  const logger = memoryLogger();
  await using first = await openAsManager(url, 'first', logger);
  const write = (setting: string) =>
    inTransaction(first.db, async (own) => {
      await own.insertInto('settings').values({ name: setting, value: 'x' }).execute();
    });
  await write('before');
  await asAdministrator(testServer(), `${OTHERS}'${name}'`);
  const second = await openAsManager(url);
  await expect(write('meanwhile')).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
  await second[Symbol.asyncDispose]();
  await write('after');
  const rows = await first.db.selectFrom('settings').select('name').orderBy('name').execute();
  expect(rows.map((row) => row.name)).toEqual(['after', 'before']);
  const said = logger.records.map((one) => one.message);
  expect(said).toContainEqual(expect.stringContaining('Another manager works with the database'));
  expect(said.at(-1)).toBe('The database answers again');
});

it('what is read comes from sessions that cannot write, and waits for no transaction', async () => {
  await using one = openBeside((await prepared()).url);
  const gate = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const busy = one.db.transaction().execute(async (own) => {
    await own.insertInto('settings').values({ name: 'held', value: 'x' }).execute();
    begun.resolve();
    await gate.promise;
  });
  await begun.promise;
  expect(await one.db.selectFrom('settings').selectAll().execute()).toEqual([]);
  gate.resolve();
  await busy;
  expect(await one.db.selectFrom('settings').select('name').execute()).toEqual([{ name: 'held' }]);
});

async function prepared(): Promise<{ readonly url: string }> {
  const url = await newUrl();
  await (await openAsManager(url))[Symbol.asyncDispose]();
  return { url };
}

/** Stands before the server and answers, as PgBouncer does, with a number of its own for the process behind a session. */
async function openPooler() {
  await using stack = new AsyncDisposableStack();
  const { path: folder } = stack.use(await temporaryFolder());
  const socket = '.s.PGSQL.5432';
  const server = createServer((client) => {
    const behind = connect(join(testServer(), socket));
    let isKnown = false;
    behind.on('data', (bytes) => {
      if (typeof bytes === 'string') return;
      // BackendKeyData: https://www.postgresql.org/docs/current/protocol-message-formats.html
      const at = isKnown ? -1 : bytes.indexOf(Buffer.from([0x4b, 0, 0, 0, 12]));
      if (at >= 0) {
        isKnown = true;
        bytes.writeInt32BE(bytes.readInt32BE(at + 5) ^ 1, at + 5);
      }
      client.write(bytes);
    });
    for (const [one, other] of [
      [client, behind],
      [behind, client],
    ] as const)
      one.on('error', () => other.destroy()).on('close', () => other.destroy());
    client.on('data', (bytes) => behind.write(bytes));
  });
  server.listen(join(folder, socket));
  await once(server, 'listening');
  stack.defer(() => void server.close());
  const owned = stack.move();
  return { folder, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

it('a pooler is no server: it would give the lock to whoever comes next', async () => {
  const url = await newUrl();
  await using pooler = await openPooler();
  await expect(openAsManager(url.replace(testServer(), pooler.folder))).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining('a pooler such as PgBouncer'),
  });
});
