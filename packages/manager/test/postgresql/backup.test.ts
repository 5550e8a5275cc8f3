import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemFiles } from '@linux-patch/runtime/node';
import { memoryLogger, temporaryFolder } from '@linux-patch/runtime/testing';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { copyDatabase, fillServer } from '../../src/backup/database-copy.ts';
import { makeBackup } from '../../src/backup/make-backup.ts';
import { restoreBackup } from '../../src/backup/restore-backup.ts';
import { managerPaths } from '../../src/config/paths.ts';
import { ManagerConfigSchema } from '../../src/config/schema.ts';
import { copyContent } from '../../src/database/copy-content.ts';
import { openDatabase } from '../../src/database/open.ts';
import { newAgent, renew, serialOf } from '../agents.ts';
import { findAuditBreak } from '../audit-break.ts';
import { asAdministrator, openAsManager, openBeside, testServer } from '../test-database.ts';
import { startWorld, type World } from '../world.ts';

const signal = AbortSignal.timeout(3_600_000);
const made: string[] = [];
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let key: { readonly identities: string[] };
let recipient: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  const identity = await generateX25519Identity();
  key = { identities: [identity] };
  recipient = await identityToRecipient(identity);
});
afterAll(async () => {
  await folder[Symbol.asyncDispose]();
  for (const name of made)
    await asAdministrator(testServer(), `drop database if exists "${name}" with (force)`);
});

const urlOf = (name: string) => `postgresql://postgres@/${name}?host=${testServer()}`;

/** An empty database, also where there is one of this name. */
async function makeEmpty(name: string): Promise<void> {
  await asAdministrator(
    testServer(),
    `drop database if exists "${name}" with (force)`,
    `create database "${name}"`,
  );
}

async function newDatabase(): Promise<string> {
  const name = `t_${randomUUID()}`;
  made.push(name);
  await makeEmpty(name);
  return name;
}

const configOf = (url: string) => ManagerConfigSchema.parse({ database: { url } });

/** A manager with a host, a person and many records, in a database of its own. */
async function startUsed(
  url: string,
  root: string,
): Promise<{ world: World; host: Awaited<ReturnType<typeof joined>> }> {
  const used = await startWorld({ database: { url } }, undefined, join(folder.path, root));
  const ada = { name: 'ada', role: 'admin', password: 'correct horse battery' };
  expect((await used.admin('/people', ada)).status).toBe(200);
  return { world: used, host: await joined(used) };
}

async function joined(where: World) {
  const agent = await newAgent(where);
  const bundle = await agent.join();
  await agent.acknowledge(serialOf(bundle.server_crt));
  return { current: { certificateChainPem: bundle.server_crt, keyPem: agent.keyPem } };
}

/** Every row of a table but what only PostgreSQL counts. */
async function content(url: string) {
  await using beside = openBeside(url);
  const { db } = beside;
  return {
    hosts: await db.selectFrom('hosts').selectAll().orderBy('id').execute(),
    people: await db.selectFrom('people').selectAll().orderBy('id').execute(),
    certificates: (await db.selectFrom('certificates').selectAll().orderBy('serial').execute()).map(
      ({ serial, pem, origin }) => ({ serial, pem, origin }),
    ),
    revoked: await db.selectFrom('revocation_count').selectAll().execute(),
    audit: await db.selectFrom('audit').selectAll().orderBy('seq').execute(),
  };
}

describe('a backup of a manager on PostgreSQL', () => {
  it('is made while it serves, and brings all of it back into an empty database, or says why not', async () => {
    const name = await newDatabase();
    const url = urlOf(name);
    const { world, host } = await startUsed(url, 'manager');
    await using _end = world;
    const { paths, clock } = world;
    const { configFile } = paths;
    await mkdir(dirname(configFile), { recursive: true });
    await writeFile(configFile, `database: { url: ${JSON.stringify(url)} }\n`);
    const to = join(folder.path, 'manager.age');
    const lock = { recipients: [recipient] };
    const config = configOf(url);
    const made = await makeBackup({ files: systemFiles, clock, paths, configFile, config, to, lock, signal });
    expect(made.hosts).toBe(1);
    const before = await content(url);
    const options = { files: systemFiles, config, logger: memoryLogger(), from: to, key, signal };
    const elsewhere = { ...options, paths: managerPaths(join(folder.path, 'elsewhere')) };
    await expect(restoreBackup(elsewhere)).rejects.toMatchObject({ code: 'INSTANCE_RUNNING' });
    await world.restart(async () => {
      await rm(paths.dataFolder, { recursive: true });
      await expect(restoreBackup({ ...options, paths })).rejects.toThrow(/holds what another manager knows/);
      await makeEmpty(name);
      await restoreBackup({ ...options, paths });
      expect(await content(url)).toEqual(before);
      expect(await readdir(paths.dataFolder)).toEqual(['ca']);
      // A try that ended behind the database is done again.
      await rm(paths.caFolder, { recursive: true });
      await restoreBackup({ ...options, paths });
      expect(await content(url)).toEqual(before);
    });
    expect((await renew(world, host.current)).status).toBe(200);
    await joined(world);
    await using beside = openBeside(url);
    expect(await findAuditBreak(beside.db)).toBeUndefined();
  });
});

describe('a manager that moves from a file to PostgreSQL', () => {
  it('keeps its hosts, people, certificates in their order and records, and goes on counting', async () => {
    const name = await newDatabase();
    const url = urlOf(name);
    const { world, host } = await startUsed(url, 'mover');
    await using _end = world;
    await joined(world);
    const choice = { files: systemFiles, paths: world.paths, config: configOf(url) };
    const file = join(folder.path, 'mover.sqlite');
    await world.restart(async () => {
      const before = await content(url);
      await copyDatabase(choice, file);
      await makeEmpty(name);
      await fillServer(choice, file, memoryLogger());
      expect(await content(url)).toEqual(before);
    });
    expect((await renew(world, host.current)).status).toBe(200);
    await using beside = openBeside(url);
    expect(await findAuditBreak(beside.db)).toBeUndefined();
  });

  it('leaves an empty database as it was when the copy fails half way', async () => {
    await using file = await openDatabase(':memory:');
    await file.db.insertInto('settings').values({ name: 'first', value: 'is copied' }).execute();
    const hash = 'f'.repeat(64);
    const record = { at: 1, actor: 'a', event: 'e', fields: '{}', previous_hash: hash, hash };
    // More than a number of PostgreSQL holds, in the last table.
    await file.db
      .insertInto('audit')
      .values({ ...record, at: 1e300 })
      .execute();
    const url = urlOf(await newDatabase());
    {
      await using server = await openAsManager(url);
      await expect(copyContent(file.db, server.db)).rejects.toThrow();
    }
    await using beside = openBeside(url);
    expect(await beside.db.selectFrom('settings').selectAll().execute()).toEqual([]);
  });
});
