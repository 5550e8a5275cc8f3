import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock, systemFiles, systemRandom } from '@linux-patch/runtime/node';
import { freePort, memoryLogger, temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPostgres } from '../../../../tools/postgresql/server.ts';
import { initialiseAuthority } from '../../src/authority/init.ts';
import { managerPaths } from '../../src/config/paths.ts';
import { ManagerConfigSchema } from '../../src/config/schema.ts';
import { openChosenDatabase } from '../../src/database/choose.ts';
import { managerThreads } from '../manager-threads.ts';

const stack = new AsyncDisposableStack();
const doors = { files: systemFiles, clock: systemClock, random: systemRandom };
let port = 0;
let ours = '';
let others = '';

/** Folder of a new CA, with a certificate of it for this address. */
async function newAuthority(): Promise<string> {
  const paths = managerPaths(stack.use(await temporaryFolder()).path);
  const webNames = { dnsNames: [], ipAddresses: ['127.0.0.1'] };
  await initialiseAuthority({ ...doors, paths, webNames });
  return paths.caFolder;
}

beforeAll(async () => {
  [ours, others] = [await newAuthority(), await newAuthority()];
  port = await freePort();
  const certificatePem = await readFile(join(ours, 'web.pem'), 'utf8');
  const keyPem = await readFile(join(ours, 'web.key.pem'), 'utf8');
  stack.use(await startPostgres({ tls: { port, certificatePem, keyPem } }));
});
afterAll(() => stack.disposeAsync());

function open(host: string, query: string) {
  return openChosenDatabase({
    config: ManagerConfigSchema.parse({
      database: { url: `postgresql://postgres@${host}:${port}/postgres${query}` },
    }),
    paths: { database: '/never' },
    files: systemFiles,
    logger: memoryLogger(),
    threads: managerThreads,
  });
}

describe('a server that is reached over a network', () => {
  it('is taken with a certificate for its name of the CA that is named', async () => {
    await using database = await open(
      '127.0.0.1',
      `?sslmode=verify-full&sslrootcert=${join(ours, 'root.pem')}`,
    );
    expect(await database.db.selectFrom('hosts').selectAll().execute()).toEqual([]);
  });

  it.each([
    ['of a CA that nobody named', '127.0.0.1', () => '', /self-signed certificate|unable to (get|verify)/],
    ['of another CA', '127.0.0.1', () => `&sslrootcert=${join(others, 'root.pem')}`, /certificate/],
    ['for another name', 'localhost', () => `&sslrootcert=${join(ours, 'root.pem')}`, /does not match/],
  ])('is not taken with a certificate %s', async (_what, host, more, why) => {
    await expect(open(host, `?sslmode=verify-full${more()}`)).rejects.toMatchObject({
      code: 'DATABASE_UNAVAILABLE',
      message: expect.stringMatching(why),
    });
  });

  it('is not asked with a file that holds no certificate', async () => {
    await expect(
      open('127.0.0.1', `?sslmode=verify-full&sslrootcert=${join(ours, 'web.key.pem')}`),
    ).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('no certificate in PEM form'),
    });
  });
});
