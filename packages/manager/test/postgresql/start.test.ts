import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { systemFiles } from '@linux-patch/runtime/node';
import { memoryLogger, temporaryFolder } from '@linux-patch/runtime/testing';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ManagerConfigSchema } from '../../src/config/schema.ts';
import { openChosenDatabase } from '../../src/database/choose.ts';
import { managerThreads } from '../manager-threads.ts';
import { asAdministrator, testServer } from '../test-database.ts';

const PASSWORD = 'correct horse battery';
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let file: string;
beforeAll(async () => {
  await asAdministrator(
    testServer(),
    `create role by_password login password '${PASSWORD}'`,
    'create database by_password owner by_password',
    `create database latin encoding 'LATIN1' lc_collate 'C' lc_ctype 'C' template template0`,
  );
});
beforeEach(async () => {
  folder = await temporaryFolder();
  file = join(folder.path, 'password');
});
afterEach(() => folder[Symbol.asyncDispose]());

const urlOf = (user: string, database: string, host = testServer()): string =>
  `postgresql://${user}@/${database}?host=${host}`;

const open = (database: { readonly url: string; readonly password_file?: string }) =>
  openChosenDatabase({
    config: ManagerConfigSchema.parse({ database }),
    paths: { database: join(folder.path, 'never') },
    files: systemFiles,
    logger: memoryLogger(),
    threads: managerThreads,
  });

const withPassword = async (password: string, mode = 0o600) => {
  await writeFile(file, `${password}\n`, { mode });
  await chmod(file, mode);
  return open({ url: urlOf('by_password', 'by_password'), password_file: file });
};

/** The words with which a start ends, which hold no password. */
async function refusal(
  opening: Promise<unknown>,
): Promise<{ readonly code: string; readonly message: string }> {
  const error = await opening.then(
    () => undefined,
    (one: { readonly code: string; readonly message: string }) => one,
  );
  if (!error) throw new Error('it was opened');
  expect(inspect(error)).not.toContain(PASSWORD);
  return { code: error.code, message: error.message };
}

describe('the password of a database', () => {
  it('is the first line of a file that is read at each connection', async () => {
    await using database = await withPassword(PASSWORD);
    expect(await database.db.selectFrom('hosts').selectAll().execute()).toEqual([]);
    expect(database.place).not.toContain(PASSWORD);
  });

  it('that is wrong is said with where the right one belongs', async () => {
    expect(await refusal(withPassword('wrong'))).toEqual({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(
        /does not take the password\. Put the right one into the file of database\.password_file/,
      ),
    });
  });

  it('is not used from a file that others may read, and that is missing or empty', async () => {
    expect((await refusal(withPassword(PASSWORD, 0o644))).message).toContain(
      'others may read it (mode 0644)',
    );
    expect((await refusal(withPassword(''))).message).toContain('its first line is empty');
    const missing = open({
      url: urlOf('by_password', 'by_password'),
      password_file: join(folder.path, 'none'),
    });
    expect((await refusal(missing)).message).toContain('there is no such file');
  });

  it('that is wanted and not there is said as that', async () => {
    const { code, message } = await refusal(open({ url: urlOf('by_password', 'by_password') }));
    expect([code, message]).toEqual([
      'CONFIG_INVALID',
      expect.stringContaining('it wants a password, and there is none'),
    ]);
  });

  it('is looked for where PGPASSFILE says when the configuration names no file', async () => {
    await writeFile(file, `*:*:by_password:by_password:${PASSWORD}\n`, { mode: 0o600 });
    process.env.PGPASSFILE = file;
    try {
      await using database = await open({ url: urlOf('by_password', 'by_password') });
      expect(database.place).toContain('by_password@');
    } finally {
      delete process.env.PGPASSFILE;
    }
  });
});

describe('a start', () => {
  it('without the database says how it is made', async () => {
    expect(await refusal(open({ url: urlOf('postgres', 'nowhere') }))).toEqual({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(/there is no database of this name; make it: createdb/),
    });
  });

  it('without the server says so, and is worth another try', async () => {
    expect(await refusal(open({ url: urlOf('postgres', 'postgres', folder.path) }))).toEqual({
      code: 'DATABASE_UNAVAILABLE',
      message: expect.stringMatching(/^The database postgresql:.* cannot be used: .*ENOENT/),
    });
  });

  it('in a database that has no place for every name is refused', async () => {
    expect(await refusal(open({ url: urlOf('postgres', 'latin') }))).toEqual({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('it keeps text as LATIN1, which has no place for every name'),
    });
  });

  it('of a user that may not make tables says whose the database has to be', async () => {
    await asAdministrator(testServer(), 'create role stranger login');
    expect(await refusal(open({ url: urlOf('stranger', 'by_password') }))).toEqual({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('the database has to belong to it'),
    });
  });
});
