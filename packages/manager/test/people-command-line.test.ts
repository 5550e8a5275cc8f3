import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { DAY_MS } from '@linux-patch/contract';
import { systemFiles } from '@linux-patch/runtime/node';
import { ManualClock, ownProgram, temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAuditLog } from '../src/audit/audit-log.ts';
import { sealOldRecords } from '../src/audit/seal.ts';
import { packRecords, unpackRecords } from '../src/audit/sealed-file.ts';
import { managerPaths } from '../src/config/paths.ts';
import { openDatabase } from '../src/database/open.ts';

const PROGRAM = ownProgram('linux-patch-manager');
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let server: ChildProcess;

async function run(args: readonly string[], stdin = '') {
  const child = spawn(PROGRAM, ['--root', folder.path, ...args]);
  const output = Promise.all([text(child.stdout), text(child.stderr)]);
  child.stdin.end(stdin);
  const [exitCode] = (await once(child, 'close')) as [number];
  const [stdout, stderr] = await output;
  return { exitCode, stdout, stderr };
}

beforeAll(async () => {
  folder = await temporaryFolder();
  const configFile = join(folder.path, 'etc/linux_patch_manager/config.yaml');
  await mkdir(join(configFile, '..'), { recursive: true });
  // Nobody answers there, and a manager starts all the same.
  const oidc = [
    'issuer: https://id.example.test/main',
    'client_id: linux-patch',
    'client_secret_file: /nowhere',
  ];
  const lines = ['server:', '  bind: 127.0.0.1', '  port: 0', 'oidc:', ...oidc.map((one) => `  ${one}`), ''];
  await writeFile(configFile, lines.join('\n'));
  expect((await run(['init'])).exitCode).toBe(0);
  server = spawn(PROGRAM, ['--root', folder.path, 'serve'], { stdio: ['ignore', 'ignore', 'pipe'] });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let said = '';
  server.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString();
    if (said.includes('Listening on')) resolve();
  });
  server.once('exit', (code) => reject(new Error(`the manager ended with ${code}: ${said}`)));
  await promise;
});
afterAll(async () => {
  server.kill('SIGTERM');
  await once(server, 'exit');
  await folder[Symbol.asyncDispose]();
});

/** What a person adds on the page. */
async function giveFactors(name: string): Promise<void> {
  await using database = await openDatabase(managerPaths(folder.path).database);
  const { db } = database;
  const { id } = await db
    .selectFrom('people')
    .select('id')
    .where('name', '=', name)
    .executeTakeFirstOrThrow();
  await db.updateTable('people').set({ totp_secret: '00' }).where('id', '=', id).execute();
  const key = { person_id: id, name: 'key', public_key: '', counter: 0, created_at: 0, last_used_at: null };
  for (const one of ['a', 'b'])
    await db
      .insertInto('passkeys')
      .values({ ...key, id: one, credential_id: one })
      .execute();
}

describe('people on the command line', () => {
  it('are made with a password from a file or standard input, listed, changed and removed', async () => {
    expect((await run(['people', 'list'])).stdout).toContain('people create NAME --role admin');
    const create = ['people', 'create', 'ada', '--role', 'admin', '--password-file', '-'];
    const made = await run(create, 'correct horse battery\nand another line\n');
    expect([made.exitCode, made.stdout, made.stderr]).toEqual([
      0,
      expect.stringContaining('Made ada, role admin: May do everything'),
      '',
    ]);
    const file = join(folder.path, 'password');
    await writeFile(file, 'battery staple horse\n', { mode: 0o600 });
    const again = await run(['people', 'create', 'ada', '--role', 'viewer', '--password-file', file]);
    expect([again.exitCode, again.stderr]).toEqual([
      5,
      expect.stringContaining('There is a person ada already'),
    ]);
    await giveFactors('ada');
    const factors = async () =>
      /^ada +\w+ +\w+ +(.*?) {2}/m.exec((await run(['people', 'list'])).stdout)?.[1];
    expect(await factors()).toBe('password, authenticator, 2 passkeys');
    const reset = await run(['people', 'reset', 'ada', '--password-file', file]);
    expect(reset.stdout).toContain('new password, which alone signs in');
    expect(await factors()).toBe('password');
    expect((await run(['people', 'set', 'ada', '--role', 'viewer'])).stdout).toContain(
      'with the role viewer',
    );
    expect((await run(['people', 'disable', 'ada'])).stdout).toContain('ada is disabled');
    const list = await run(['people', 'list']);
    expect(list.stdout).toMatch(/^NAME +ROLE +STATE .*\nada +viewer +disabled +password +never /);
    expect((await run(['people', 'enable', 'ada'])).stdout).toContain('ada is active');
    expect((await run(['people', 'remove', 'ada'])).exitCode).toBe(0);
    expect((await run(['people', 'remove', 'ada'])).exitCode).toBe(3);
  });

  it('stand in the audit log, which is listed and verified', async () => {
    const list = await run(['audit', 'list', '--event', 'person_created', '--limit', '1']);
    expect(list.stdout).toMatch(
      /^SEQ +AT +ACTOR +EVENT +FIELDS\n\d+ +\S+ +local\b.* person_created +\{"person":"ada"/,
    );
    const verified = await run(['audit', 'verify']);
    const hash = /^[0-9a-f]{64}$/m.exec(verified.stdout)?.[0] ?? '';
    expect([verified.exitCode, verified.stdout]).toEqual([
      0,
      expect.stringContaining('as they were written'),
    ]);
    const again = await run(['audit', 'verify', '--contains', hash]);
    expect([again.exitCode, again.stdout]).toEqual([0, expect.stringContaining('is among them')]);
    const missing = await run(['audit', 'verify', '--contains', '0'.repeat(64)]);
    expect([missing.exitCode, missing.stdout]).toEqual([1, expect.stringContaining('MISSING')]);
    expect((await run(['audit', 'verify', '--contains', 'x'])).exitCode).toBe(1);
  });

  it('stand in a file when their records are old, which is verified against the log', async () => {
    const { database: path, auditFolder } = managerPaths(folder.path);
    await using database = await openDatabase(path);
    const clock = new ManualClock(Date.now() + 800 * DAY_MS);
    const { db } = database;
    const audit = createAuditLog({ clock });
    const sealing = {
      db,
      reads: db,
      audit,
      clock,
      files: systemFiles,
      folder: auditFolder,
      retentionDays: 730,
    };
    await sealOldRecords(sealing, new AbortController().signal);
    const [name = ''] = await readdir(auditFolder);
    const file = join(auditFolder, name);
    const sealed = await run(['audit', 'verify', '--file', file]);
    expect([sealed.exitCode, sealed.stdout]).toEqual([
      0,
      expect.stringMatching(
        /^\d+ records, 1 to \d+, are as they were written, and record \d+ of the log names /,
      ),
    ]);
    expect((await run(['audit', 'verify'])).stdout).toMatch(/^Records up to number \d+ are in files /);
    const records = await unpackRecords(await readFile(file), file);
    await writeFile(file, await packRecords(records.slice(0, -1)));
    const short = await run(['audit', 'verify', '--file', file]);
    expect([short.exitCode, short.stdout]).toEqual([
      1,
      expect.stringContaining('NO record of the log names'),
    ]);
    await writeFile(file, await packRecords(records.map((row) => ({ ...row, actor: 'person:eve' }))));
    const changed = await run(['audit', 'verify', '--file', file]);
    expect([changed.exitCode, changed.stdout]).toEqual([1, expect.stringMatching(/^BROKEN at record 1: /)]);
    const absent = await run(['audit', 'verify', '--file', `${file}.old`]);
    expect([absent.exitCode, absent.stderr]).toEqual([1, expect.stringContaining('There is no file')]);
  });

  it.each([
    [['people', 'create', 'eve', '--role', 'viewer'], '', 1, /--password-file FILE/],
    [['people', 'create', 'eve', '--role', 'viewer', '--password-file', '-'], '', 1, /holds no password/],
    [['people', 'create', 'eve', '--role', 'viewer', '--password-file', '-'], 'short', 1, /at least 12/],
    [['people', 'create', 'eve'], '', 2, /--role/],
    [['people', 'create', 'Eve', '--role', 'viewer'], '', 2, /small letters/],
    [['people', 'create', 'eve', 'correct horse battery', '--role', 'viewer'], '', 2, /too many arguments/],
    [['people', 'reset', 'nobody', '--password-file', '-'], 'correct horse battery', 3, /no person/],
  ])('are left alone by %j, and told why', async (args, stdin, exitCode, words) => {
    const ended = await run(args, stdin);
    expect([ended.exitCode, ended.stderr]).toEqual([exitCode, expect.stringMatching(words)]);
    expect((await run(['people', 'list', '--json'])).stdout).not.toContain('eve');
  });

  it('get roles for some hosts, beside or in the place of the one for all', async () => {
    await run(['groups', 'create', 'web']);
    const bind = ['--bind', 'operator:@group:web', '--bind', 'viewer:@env=test'];
    const made = await run(
      ['people', 'create', 'wim', ...bind, '--password-file', '-'],
      'correct horse battery',
    );
    expect(made.stdout).toBe('Made wim, role viewer for @env=test, operator for @group:web.\n');
    expect(
      (await run(['people', 'set', 'wim', '--role', 'viewer', '--bind', 'admin:@env=dev'])).stdout,
    ).toContain('with the role viewer, admin for @env=dev.');
    const token = await run(['api-tokens', 'create', 'wim-ci', '--bind', 'operator:@group:web']);
    expect(token.stderr).toContain('API token wim-ci, role operator for @group:web. It lets nobody in');
    expect((await run(['groups', 'delete', 'web'])).stdout).toContain('A role for its hosts went with it');
    expect((await run(['people', 'set', 'wim', '--unbind'])).stdout).toBe(
      'wim is active, with the role viewer.\n',
    );
    for (const wrong of ['operator', 'operator:@behind', 'king:@group:web', 'operator:@group:a b'])
      expect(await run(['people', 'set', 'wim', '--bind', wrong])).toMatchObject({
        exitCode: 2,
        stderr: expect.stringContaining('for example operator:@group:web'),
      });
    expect((await run(['people', 'set', 'wim'])).stderr).toContain(
      'Say --role, --bind, --unbind or --oidc-subject.',
    );
    await run(['people', 'remove', 'wim']);
  });

  it('are made as whom the identity provider knows, without a password, or become that', async () => {
    const made = await run([
      'people',
      'create',
      'grace',
      '--role',
      'viewer',
      '--oidc-subject',
      '248289761001',
    ]);
    expect([made.exitCode, made.stderr]).toEqual([0, '']);
    const both = [
      'people',
      'create',
      'joan',
      '--role',
      'viewer',
      '--oidc-subject',
      'a',
      '--password-file',
      '-',
    ];
    expect(await run(both, 'correct horse battery')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('--password-file and --oidc-subject are not both possible'),
    });
    const create = ['people', 'create', 'joan', '--role', 'viewer', '--password-file', '-'];
    expect((await run(create, 'correct horse battery')).exitCode).toBe(0);
    const taken = await run(['people', 'set', 'joan', '--oidc-subject', '248289761001']);
    expect([taken.exitCode, taken.stderr]).toEqual([
      5,
      expect.stringContaining('grace signs in as 248289761001'),
    ]);
    const set = await run(['people', 'set', 'joan', '--oidc-subject', '248289761002']);
    expect(set.stdout).toContain('They sign in by id.example.test as 248289761002, and in no other way.');
    expect((await run(['people', 'list'])).stdout).toMatch(
      /^joan +viewer +active +id\.example\.test as 248289761002 /m,
    );
    const reset = await run(['people', 'reset', 'joan', '--password-file', '-'], 'correct horse battery');
    expect(reset.stdout).toContain('new password, which alone signs in');
    expect((await run(['people', 'list'])).stdout).toMatch(/^joan +viewer +active +password /m);
  });
});
