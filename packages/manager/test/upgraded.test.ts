import { execFile, spawnSync } from 'node:child_process';
import { copyFile, readFile } from 'node:fs/promises';
import { getCompileCacheDir } from 'node:module';
import { join } from 'node:path';
import process from 'node:process';
import { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { DAY_MS, VERSION } from '@linux-patch/contract';
import { parseCrl } from '@linux-patch/pki';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { managerPaths } from '../src/config/paths.ts';
import { MIGRATIONS } from '../src/database/migrations/index.ts';
import { openDatabase } from '../src/database/open.ts';
import { namesOf, newAgent, newHost, renew } from './agents.ts';
import { findAuditBreak } from './audit-break.ts';
import { halvesIn } from './kept-writes.ts';
import type { Recorded } from './recorded/record-release.ts';
import { ON_SQLITE, startWorld, type World } from './world.ts';

const RECORDED = join(import.meta.dirname, 'recorded');
type Row = Readonly<Record<string, unknown>>;
type Tables = ReadonlyMap<string, readonly Row[]>;

/** Which migrations were done, and the list of revoked certificates in force, which is signed again. */
const NOT_KEPT = ['kysely_migration', 'kysely_migration_lock', 'sqlite_sequence', 'revocation_lists'];

/** Every row of every table of a file. */
function readAll(path: string): Tables {
  using file = new DatabaseSync(path, { readOnly: true });
  const tables = file.prepare(`select name from sqlite_master where type = 'table'`).all();
  return new Map(
    tables.map(({ name }) => [String(name), file.prepare(`select * from "${String(name)}"`).all()]),
  );
}

/** Rows of which there is none any more that has all the same values; a column that was added has values of its own. */
function changedBetween(before: Tables, after: Tables): Row[] {
  const isKept = (table: string, row: Row): boolean =>
    (after.get(table) ?? []).some((now) =>
      Object.entries(row).every(([name, value]) => JSON.stringify(now[name]) === JSON.stringify(value)),
    );
  return [...before]
    .filter(([table]) => !NOT_KEPT.includes(table))
    .flatMap(([table, rows]) => rows.filter((row) => !isKept(table, row)).map((row) => ({ table, ...row })));
}

const stack = new AsyncDisposableStack();
let recorded: Recorded;
/** The database as 1.2.0 left it. */
let left: string;
let before: Tables;
let world: World;

beforeAll(async () => {
  recorded = JSON.parse(await readFile(join(RECORDED, 'manager-1.2.0.json'), 'utf8')) as Recorded;
  const { path: folder } = stack.use(await temporaryFolder({ inMemory: true }));
  await promisify(execFile)('tar', ['-C', folder, '-xzf', join(RECORDED, 'manager-1.2.0.tar.gz')]);
  const { database, configFile } = managerPaths(folder);
  left = `${database}.left`;
  await copyFile(database, left);
  before = readAll(left);
  // JSON is YAML.
  const settings = JSON.parse(await readFile(configFile, 'utf8')) as object;
  world = stack.use(await startWorld({ ...settings, ...ON_SQLITE }, recorded.atMs + 60_000, folder));
});
afterAll(() => stack.disposeAsync());

const listNumber = async (): Promise<bigint> =>
  parseCrl((await world.call({ path: '/api/v1/pki/crl.pem' })).text).number ?? 0n;

it('a manager that takes over the database of 1.2.0 has every record as it was', () => {
  // What it had: hosts in every state, tokens, certificates, decisions.
  const kinds = ['hosts', 'enrollments', 'certificates', 'audit', 'join_tokens', 'join_token_uses'];
  expect(kinds.filter((kind) => (before.get(kind)?.length ?? 0) === 0)).toEqual([]);
  expect(changedBetween(before, readAll(world.paths.database))).toEqual([]);
});

it('its hosts renew, a host that waited is let in, and its join tokens count', async () => {
  for (const identity of recorded.identities) expect((await renew(world, identity)).status).toBe(200);
  const { requestId, code } = recorded.waiting;
  expect((await world.admin(`/enrollments/${requestId}/approve`, { code })).status).toBe(200);
  const facts = { ...newHost(), ...namesOf('newcomer.example.test'), ip_address: '198.18.9.9' };
  const newcomer = await newAgent(world, { facts, joinString: recorded.joinString });
  expect((await newcomer.register()).json().ext.token).toBe('accepted');
});

it('its audit log is one chain with what came since, and its revocation list has a later number', async () => {
  expect(await findAuditBreak(world.database.db)).toBeUndefined();
  expect(await halvesIn(world.database.db)).toEqual([]);
  // The list in force is served until something is revoked, or it is due.
  await world.advance(7 * DAY_MS);
  expect(await listNumber()).toBeGreaterThan(BigInt(recorded.listNumber));
});

/** Migrations that 1.2.0 did not know. */
const LATER = Object.keys(MIGRATIONS).length - 10;

it('a start that dies at any migration leaves the database as it was, and the next one finishes', async () => {
  const program = join(RECORDED, 'migrate-and-die.ts');
  // Those that die keep nothing of what the engine made of the sources; this process did.
  const env = { ...process.env, NODE_COMPILE_CACHE: getCompileCacheDir() };
  const whens = [
    ...Array.from({ length: LATER }, (_, index) => String(index + 1)),
    'committing',
    'committed',
  ];
  for (const when of whens) {
    const file = `${left}.${when}`;
    await copyFile(left, file);
    const { signal, stderr } = spawnSync(process.execPath, [program, file, when], { encoding: 'utf8', env });
    expect(signal, `${when}: ${stderr}`).toBe('SIGKILL');
    const done = readAll(file).get('kysely_migration')?.length;
    expect([when, done]).toEqual([when, when === 'committed' ? 10 + LATER : 10]);
    await using database = await openDatabase(file);
    expect(changedBetween(before, readAll(file))).toEqual([]);
    expect(await findAuditBreak(database.db)).toBeUndefined();
  }
});

it('a database in which a newer version has worked is refused in words, and left alone', async () => {
  const file = `${left}.newer`;
  await (await openDatabase(file))[Symbol.asyncDispose]();
  using newer = new DatabaseSync(file);
  newer.exec(`insert into kysely_migration values ('999-later', '2030-01-01T00:00:00.000Z')`);
  await expect(openDatabase(file)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: `A newer version of the manager has worked with this database: it has "999-later", which version ${VERSION} does not know. Nothing was changed. Install that version again, or restore the backup that was made before the upgrade.`,
  });
});
