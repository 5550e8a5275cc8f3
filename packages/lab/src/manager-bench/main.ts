/**
 * The manager's records of a large fleet, at the edge of its stores, on both kinds of database in the same run: how long
 * questions take while the thread that serves is free, how many changed inventories a second are kept; and beside it the
 * shape that others keep inventories in. And a
 * real manager with hosts that it reaches by TLS. Arguments: hosts, packages of each, hosts of the other shape, real hosts.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { lineLogger } from '@linux-patch/runtime/node';
import { startPostgres } from '../../../../tools/postgresql/server.ts';
import { openDatabase } from '../../../manager/src/database/open.ts';
import { openPostgres } from '../../../manager/src/database/postgres/open.ts';
import { openReads } from '../../../manager/src/database/reader-threads/open-reads.ts';
import { askQuestions } from './questions.ts';
import { BENCH_THREADS, type Records } from './records.ts';
import { measureRows } from './rows.ts';
import { table } from './table.ts';
import { measureTlsAgents } from './tls-agents.ts';
import { measureWrites } from './writes.ts';

const [hosts = 10_000, packagesEach = 1_500, hostsInRows = 300, realHosts = 500] = process.argv
  .slice(2)
  .map(Number);
const size = { hosts, packagesEach };
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const logger = lineLogger({ level: 'warn', sink: say });

/** A file of SQLite, as a manager opens it. */
async function onSqlite(folder: string): Promise<Records> {
  await using stack = new AsyncDisposableStack();
  const path = join(folder, 'manager.db');
  const { db } = stack.use(await openDatabase(path));
  const { reads } = stack.use(openReads({ path, threads: BENCH_THREADS, logger }));
  const owned = stack.move();
  return { name: 'SQLite', db, reads, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** A server of PostgreSQL of its own, which flushes what it commits. */
async function onPostgres(): Promise<Records & { readonly socket: string }> {
  await using stack = new AsyncDisposableStack();
  const { socket } = stack.use(await startPostgres({ settings: ['fsync=on'] }));
  const address = {
    host: socket,
    port: 5432,
    user: 'postgres',
    database: 'postgres',
    tls: false,
    rootCertificateFile: undefined,
  };
  const access = { address: { ...address, shown: socket }, password: undefined, rootCertificates: undefined };
  const { db } = stack.use(await openPostgres({ ...access, name: 'a benchmark' }, logger));
  const owned = stack.move();
  return { name: 'PostgreSQL', db, reads: db, socket, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

const folder = await mkdtemp(join(tmpdir(), 'linux-patch-bench-'));
try {
  const measured = async (records: Records) => {
    say(`${records.name}: ${hosts} hosts with ${packagesEach} packages each`);
    const written = await measureWrites(records, size);
    const asked = await askQuestions({ ...records, sets: written.sets }, size);
    await written.sets[Symbol.asyncDispose]();
    return { records, written, asked };
  };
  const first = await onSqlite(folder);
  const sqlite = await measured(first);
  await first[Symbol.asyncDispose]();
  await using second = await onPostgres();
  const postgres = await measured(second);
  say('');
  for (const line of table(sqlite, postgres)) say(line);
  say('');
  for (const line of await measureRows(second.socket, { hosts: hostsInRows, packagesEach }, postgres.written))
    say(line);
  say('');
  for (const line of await measureTlsAgents(realHosts)) say(line);
} finally {
  await rm(folder, { recursive: true });
}
