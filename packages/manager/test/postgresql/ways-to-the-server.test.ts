import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock, systemFiles, systemRandom } from '@linux-patch/runtime/node';
import { freePort, memoryLogger, startSlowListener, temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPostgres } from '../../../../tools/postgresql/server.ts';
import { initialiseAuthority } from '../../src/authority/init.ts';
import { managerPaths } from '../../src/config/paths.ts';
import { ManagerConfigSchema } from '../../src/config/schema.ts';
import { openChosenDatabase } from '../../src/database/choose.ts';
import { BoundedClient, type BoundedConfig } from '../../src/database/postgres/bounded-client.ts';
import { managerThreads } from '../manager-threads.ts';

const stack = new AsyncDisposableStack();
const SERVER = { host: 'database.test', user: 'postgres', database: 'postgres' };
let port = 0;
let ca = '';

beforeAll(async () => {
  const paths = managerPaths(stack.use(await temporaryFolder()).path);
  const webNames = { dnsNames: [SERVER.host], ipAddresses: ['127.0.0.1'] };
  const doors = { files: systemFiles, clock: systemClock, random: systemRandom };
  await initialiseAuthority({ ...doors, paths, webNames });
  const own = (name: string) => readFile(join(paths.caFolder, name), 'utf8');
  ca = await own('root.pem');
  // What this process believes, which has a process of its own and reads it once.
  process.env.SSL_CERT_FILE = join(paths.caFolder, 'root.pem');
  port = await freePort();
  stack.use(
    await startPostgres({
      tls: { port, certificatePem: await own('web.pem'), keyPem: await own('web.key.pem') },
    }),
  );
});
afterAll(() => stack.disposeAsync());

/** What a client of these settings is told whose way there takes a second, and who has none by IPv6. */
async function askSlowly(settings: BoundedConfig): Promise<unknown> {
  await using slow = await startSlowListener(port);
  const resolve = () => {
    // The first packet is on its way, and lost, by the time that the queue is emptied.
    setImmediate(() => slow.wake());
    return Promise.resolve(['127.0.0.1', '::1']);
  };
  const client = new BoundedClient({ ...SERVER, port: slow.port, resolve, ...settings });
  await client.connect();
  const { rows } = await client.query('select ssl from pg_stat_ssl where pid = pg_backend_pid()');
  await client.end();
  return rows;
}

describe('a server whose name has addresses of both families, over a line slower than half a second', () => {
  it('is reached where the other family has no way, and proves its name', async () => {
    expect(await askSlowly({ ssl: { ca } })).toEqual([{ ssl: true }]);
  });

  it('is reached without TLS as well, and says itself that it wants none of that', async () => {
    await expect(askSlowly({ ssl: false })).rejects.toMatchObject({ code: '28000' });
  });
});

it('a server is believed by the authorities of the machine where no file is named', async () => {
  await using database = await openChosenDatabase({
    config: ManagerConfigSchema.parse({
      database: { url: `postgresql://postgres@127.0.0.1:${port}/postgres?sslmode=verify-full` },
    }),
    paths: { database: '/never' },
    files: systemFiles,
    logger: memoryLogger(),
    threads: managerThreads,
  });
  expect(await database.db.selectFrom('hosts').selectAll().execute()).toEqual([]);
});

it('a server that is not there is said by the error of the address that tells most', async () => {
  const resolve = () => Promise.resolve(['2001:db8::1', '127.0.0.1']);
  const client = new BoundedClient({ ...SERVER, port: await freePort(), resolve });
  await expect(client.connect()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});
