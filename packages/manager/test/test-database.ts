import { createHash, randomUUID } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { memoryLogger, temporaryFolder } from '@linux-patch/runtime/testing';
import { type Kysely, sql } from 'kysely';
import { Client } from 'pg';
import type { PostgresAddress } from '../src/config/database-url.ts';
import type { ManagerPaths } from '../src/config/paths.ts';
import { ManagerConfigSchema } from '../src/config/schema.ts';
import { type OpenDatabase, openDatabase } from '../src/database/open.ts';
import { openBesideManager, openPostgres } from '../src/database/postgres/open.ts';
import type { PostgresAccess } from '../src/database/postgres/sessions.ts';
import type { ManagerTables } from '../src/database/schema.ts';

/** Folder of the socket of a server on which whoever asks is administrator; undefined when the tests run on SQLite. */
const POSTGRES = process.env.LINUX_PATCH_TEST_POSTGRESQL;

/** The database of one manager of a test. */
export interface TestDatabase {
  /** What its configuration says of it. */
  readonly settings: { readonly database?: { readonly url: string } };
  /** Brings its schema up to date before a manager opens it for the first time, so that it has nothing to do. */
  prepare(): Promise<void>;
  /** A second way into it, to look behind the API; a manager has to have opened it before. */
  open(): Promise<OpenDatabase>;
  /** Everything in it, one after the other. */
  bytes(db: Kysely<ManagerTables>): Promise<Buffer>;
  /** Removes it where it is not a file of the manager. */
  drop(): Promise<void>;
}

/** A new database, in memory or on the test server, opened as a manager does. */
export async function openTestDatabase(): Promise<OpenDatabase> {
  const { settings } = await testDatabase({ database: randomUUID() });
  const { url } = ManagerConfigSchema.parse(settings).database;
  return url ? openPostgres(accessTo(url), memoryLogger()) : openDatabase(':memory:');
}

/** Opens a database of PostgreSQL as a manager of this name does. */
export function openAsManager(url: string, name?: string, logger = memoryLogger()): Promise<OpenDatabase> {
  return openPostgres({ ...accessTo(addressIn(url)), ...(name === undefined ? {} : { name }) }, logger);
}

function addressIn(url: string): PostgresAddress {
  const { url: address } = ManagerConfigSchema.parse({ database: { url } }).database;
  if (!address) throw new Error('no database');
  return address;
}

/** Folder of the socket of the test server. @throws Error when the tests run on SQLite */
export function testServer(): string {
  if (POSTGRES !== undefined) return POSTGRES;
  throw new Error('These tests need PostgreSQL: npm run test:postgresql');
}

const accessTo = (address: PostgresAddress): PostgresAccess => ({
  address,
  password: undefined,
  rootCertificates: undefined,
  name: 'a test',
});

async function readAll(db: Kysely<ManagerTables>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for (const { name } of await db.introspection.getTables()) {
    const { rows } = await sql<Record<string, unknown>>`select * from ${sql.table(name)}`.execute(db);
    for (const value of rows.flatMap((row) => Object.values(row)))
      parts.push(value instanceof Uint8Array ? value : Buffer.from(String(value)));
  }
  return Buffer.concat(parts);
}

/** Runs statements as the administrator of the test server. */
export async function asAdministrator(socket: string, ...statements: string[]): Promise<void> {
  const client = new Client({ host: socket, user: 'postgres', database: 'postgres' });
  // A server that ends in the middle of it says so in the answer.
  client.on('error', () => {});
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

/** A way into a database beside the manager, which does not claim it. */
export function openBeside(url: string): OpenDatabase {
  return openBesideManager(accessTo(addressIn(url)));
}

/** Whose schema is up to date already; made once for all, because bringing one up to date is most of what a test takes. */
const UP_TO_DATE = 'up_to_date';
const urlOf = (socket: string, name: string): string => `postgresql://postgres@/${name}?host=${socket}`;

/** Makes the database that those of the tests are copies of. */
export async function makeTemplate(): Promise<void> {
  await asAdministrator(testServer(), `create database ${UP_TO_DATE}`);
  await using made = await openAsManager(urlOf(testServer(), UP_TO_DATE));
  void made;
}

async function createDatabase(socket: string, name: string): Promise<void> {
  const statement = `create database "${name}" template ${UP_TO_DATE}`;
  // Servers from 15 on write every page of the copy into their log unless they are told not to, which takes three times as long.
  await asAdministrator(socket, `${statement} strategy file_copy`)
    .catch((error: { readonly code?: string }) => {
      // Older ones know no other way, and no word for it.
      if (error.code !== '42601') throw error;
      return asAdministrator(socket, statement);
    })
    .catch((error: { readonly code?: string }) => {
      // A manager of the same folder has it already.
      if (error.code !== '42P04') throw error;
    });
}

async function makeUpToDateFile(): Promise<Buffer> {
  await using folder = await temporaryFolder({ inMemory: true });
  const path = join(folder.path, 'up-to-date.sqlite');
  await (await openDatabase(path))[Symbol.asyncDispose]();
  return readFile(path);
}

/** Made once in each process, and copied. */
let upToDateFile: Promise<Buffer> | undefined;

/** The file of SQLite of a manager with these paths. */
export function fileDatabase({ database: path }: Pick<ManagerPaths, 'database'>): TestDatabase {
  return {
    settings: {},
    async prepare() {
      // Only the empty file that comes with an authority.
      const facts = await stat(path).catch(() => undefined);
      if (facts?.size !== 0) return;
      upToDateFile ??= makeUpToDateFile();
      await writeFile(path, await upToDateFile);
    },
    open: () => openDatabase(path),
    bytes: async () => Buffer.concat([await readFile(path), await readFile(`${path}-wal`)]),
    drop: async () => {},
  };
}

/** One of PostgreSQL that the test has made itself, on a server of its own. */
export function ownDatabase(url: string): TestDatabase {
  return {
    settings: { database: { url } },
    prepare: async () => {},
    open: async () => openBeside(url),
    bytes: readAll,
    drop: async () => {},
  };
}

/** The database for a manager with these paths; the same paths have the same database. */
export async function testDatabase(paths: Pick<ManagerPaths, 'database'>): Promise<TestDatabase> {
  if (POSTGRES === undefined) return fileDatabase(paths);
  const { database: path } = paths;
  const socket = POSTGRES;
  const name = `t_${createHash('sha256').update(path).digest('hex').slice(0, 24)}`;
  const url = urlOf(socket, name);
  await createDatabase(socket, name);
  return {
    ...ownDatabase(url),
    drop: () => asAdministrator(socket, `drop database if exists "${name}" with (force)`),
  };
}
