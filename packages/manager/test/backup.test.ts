import { execFile } from 'node:child_process';
import {
  chmod,
  chown,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { systemFiles } from '@linux-patch/runtime/node';
import { memoryLogger, ownProgram, temporaryFolder } from '@linux-patch/runtime/testing';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ArchiveEntry, sealArchive } from '../src/backup/archive.ts';
import { copyDatabase } from '../src/backup/database-copy.ts';
import { readLastBackup } from '../src/backup/last-backup.ts';
import { makeBackup } from '../src/backup/make-backup.ts';
import { restoreBackup } from '../src/backup/restore-backup.ts';
import { managerPaths } from '../src/config/paths.ts';
import { newAgent, renew, serialOf } from './agents.ts';
import { signIn } from './browser.ts';
import { ON_SQLITE, startWorld, type World } from './world.ts';

const PROGRAM = ownProgram('linux-patch-manager');
const run = promisify(execFile);
const { signal } = new AbortController();
/** A configuration that names no database of its own. */
const NOTHING_SET = { database: {} };
const restoring = { files: systemFiles, config: NOTHING_SET, logger: memoryLogger(), signal };

let world: World;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let identity: string;
let recipient: string;
let archive: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  world = await startWorld(ON_SQLITE, undefined, join(folder.path, 'manager'));
  identity = await generateX25519Identity();
  recipient = await identityToRecipient(identity);
  archive = join(folder.path, 'manager.age');
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const backup = (to = archive) => {
  const { clock, paths } = world;
  const lock = { recipients: [recipient] };
  const configFile = paths.configFile;
  return makeBackup({ files: systemFiles, clock, paths, configFile, config: NOTHING_SET, to, lock, signal });
};
const restore = (root: string, key = { identities: [identity] }) =>
  restoreBackup({ ...restoring, paths: managerPaths(root), from: archive, key });

/** Everything below a folder: names and what is in them. */
async function everything(root: string): Promise<Map<string, string>> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const found = new Map<string, string>();
  for (const entry of entries.filter((one) => one.isFile())) {
    const path = join(entry.parentPath, entry.name);
    found.set(path, await readFile(path, 'base64'));
  }
  return found;
}

describe('a backup that is made while the manager serves', () => {
  it('brings all of it back: hosts renew, others join, and the same keys count', async () => {
    const host = await newAgent(world);
    const bundle = await host.join();
    await host.acknowledge(serialOf(bundle.server_crt));
    const keys = await readFile(join(world.paths.caFolder, 'job-key.json'), 'utf8');
    const { hosts, ca_fingerprint } = await backup();
    expect({ hosts, ca_fingerprint }).toEqual({ hosts: 1, ca_fingerprint: world.caFingerprint });
    await world.restart(async () => {
      await rm(world.paths.dataFolder, { recursive: true });
      await restoreBackup({
        ...restoring,
        paths: world.paths,
        from: archive,
        key: { identities: [identity] },
      });
    });
    const current = { certificateChainPem: bundle.server_crt, keyPem: host.keyPem };
    expect((await renew(world, current)).status).toBe(200);
    expect(await readFile(join(world.paths.caFolder, 'job-key.json'), 'utf8')).toBe(keys);
    expect((await (await newAgent(world)).join()).server_crt).toContain('BEGIN CERTIFICATE');
    expect((await stat(join(world.paths.caFolder, 'root.key.pem'))).mode & 0o777).toBe(0o600);
    expect((await stat(world.paths.caFolder)).mode & 0o777).toBe(0o700);
  });

  it('brings people back and signs nobody in: whose session was ended since then stays out', async () => {
    const who = { name: 'ada', password: 'correct horse battery' };
    await world.admin('/people', { ...who, role: 'admin' });
    const stolen = await signIn(world, who);
    await backup();
    await world.admin('/people/ada/sessions/end', {});
    await world.restart(async () => {
      await rm(world.paths.dataFolder, { recursive: true });
      await restoreBackup({
        ...restoring,
        paths: world.paths,
        from: archive,
        key: { identities: [identity] },
      });
    });
    expect((await stolen.get('/api/v1/session')).status).toBe(401);
    await signIn(world, who);
  });

  it('is one file that nobody else can read, leaves nothing but its date behind, and opens with age and tar', async () => {
    const before = [...(await everything(world.paths.dataFolder)).keys()];
    const manifest = await backup();
    const after = await everything(world.paths.dataFolder);
    expect([...after.keys()].toSorted()).toEqual([...before, world.paths.lastBackup].toSorted());
    expect(await readLastBackup(systemFiles, world.paths)).toBe(manifest.made_at);
    expect((await readdir(folder.path)).sort()).toEqual(['manager', 'manager.age']);
    expect((await stat(archive)).mode & 0o777).toBe(0o600);
    await writeFile(join(folder.path, 'key'), `# of a test\n${identity}\n`);
    const opened = join(folder.path, 'opened.tar');
    await run('age', ['-d', '-i', join(folder.path, 'key'), '-o', opened, archive]);
    const { stdout } = await run('tar', ['-tf', opened]);
    expect(stdout.trim().split('\n')).toEqual([
      'linux-patch-backup.json',
      ...manifest.files.map(({ path }) => path),
    ]);
    expect(stdout).toMatch(/^var\/lib\/linux_patch_manager\/ca\/root\.key\.pem$/m);
  });

  it('replaces no file, and a manager without a CA has nothing to back up', async () => {
    await writeFile(archive, 'an older backup');
    await expect(backup()).rejects.toThrow(`${archive} exists`);
    expect(await readFile(archive, 'utf8')).toBe('an older backup');
    await world.restart(() => rm(join(world.paths.caFolder, 'root.key.pem'))).catch(() => {});
    await expect(backup(`${archive}2`)).rejects.toThrow(/root\.pem or its key .* is missing/);
    expect((await readdir(folder.path)).sort()).toEqual(['manager', 'manager.age']);
  });
});

describe('a database that lies elsewhere', () => {
  it('is what is kept, and goes back to where the configuration that comes with it says', async () => {
    const elsewhere = join(folder.path, 'elsewhere.sqlite');
    await mkdir(join(world.paths.configFile, '..'), { recursive: true });
    await writeFile(world.paths.configFile, `database: { path: ${JSON.stringify(elsewhere)} }\n`);
    await copyDatabase({ files: systemFiles, paths: world.paths, config: NOTHING_SET }, elsewhere);
    await chmod(elsewhere, 0o600);
    const config = { database: { path: elsewhere } };
    const { configFile } = world.paths;
    const lock = { recipients: [recipient] };
    const { clock, paths } = world;
    await makeBackup({ files: systemFiles, clock, paths, configFile, config, to: archive, lock, signal });
    await rename(elsewhere, `${elsewhere}.old`);
    const { keptBeside } = await restore(join(folder.path, 'host'));
    expect(keptBeside).toEqual([]);
    expect((await stat(elsewhere)).mode & 0o777).toBe(0o600);
    await expect(stat(managerPaths(join(folder.path, 'host')).database)).rejects.toThrow('ENOENT');
  });
});

describe('for root, where the data folder belongs to another user', () => {
  it('reads with the rights of that user, who could have laid a link', async () => {
    const paths = [world.paths.dataFolder, ...(await readdir(world.paths.dataFolder, { recursive: true }))];
    for (const path of paths)
      await chown(join(world.paths.dataFolder, path === paths[0] ? '' : path), 4_242, 4_243);
    await chmod(folder.path, 0o755);
    await backup();
    expect((await stat(archive)).uid).toBe(0);
    const secret = join(folder.path, 'secret-of-root');
    await writeFile(secret, 'secret', { mode: 0o600 });
    await symlink(secret, join(world.paths.caFolder, 'link.pem'));
    await expect(backup(`${archive}2`)).rejects.toThrow('EACCES');
    expect(await readdir(world.paths.dataFolder)).not.toContain('.backup');
  });
});

describe('the commands', () => {
  const started = (args: readonly string[], stdin: string) => {
    const child = run(PROGRAM, [...args]);
    child.child.stdin?.end(stdin);
    return child;
  };

  it('lock with a passphrase that is in no argument list, and open with it', {}, async () => {
    const passphrase = 'a-longer-passphrase';
    const made = await started(
      ['--root', join(folder.path, 'manager'), 'backup', archive, '--passphrase-file', '-', '--json'],
      `${passphrase}\n`,
    );
    expect(JSON.parse(made.stdout)).toMatchObject({ file: archive, hosts: 0 });
    const elsewhere = join(folder.path, 'elsewhere');
    const restored = await started(
      ['--root', elsewhere, 'restore', archive, '--passphrase-file', '-'],
      `${passphrase}\n`,
    );
    expect(restored.stdout).toContain('Next: systemctl start linux-patch-manager');
    expect(await readFile(join(managerPaths(elsewhere).caFolder, 'root.pem'), 'utf8')).toBe(world.caPem);
  });

  it.each([
    [['--passphrase-file', '-'], 'short\n', /fewer than 12 characters/],
    [['--passphrase-file', '-'], '', /holds no passphrase/],
    [['--recipient', 'age1xyz'], '', /age1xyz is no public key of age/],
    [[], '', /--recipient KEY, or --passphrase-file FILE/],
  ])('say what is wrong with %j and write nothing', async (options, stdin, words) => {
    const ended = started(['--root', join(folder.path, 'manager'), 'backup', archive, ...options], stdin);
    await expect(ended).rejects.toMatchObject({ code: 1, stderr: expect.stringMatching(words) });
    expect(await readdir(folder.path)).toEqual(['manager']);
  });

  it('restore nothing while a manager runs', async () => {
    const ended = started(
      ['--root', join(folder.path, 'manager'), 'restore', archive, '--passphrase-file', '-'],
      'x',
    );
    await expect(ended).rejects.toMatchObject({
      code: 5,
      stderr: expect.stringContaining('The manager is running'),
    });
  });
});

describe('a restore', () => {
  it('gives what it puts in place to whom the data folder belongs, but the configuration', async () => {
    await mkdir(join(world.paths.configFile, '..'), { recursive: true });
    await writeFile(world.paths.configFile, 'server: { port: 8444 }\n');
    await backup();
    const paths = managerPaths(join(folder.path, 'host'));
    await mkdir(paths.dataFolder, { recursive: true });
    await chown(paths.dataFolder, 4_242, 4_243);
    await mkdir(join(paths.configFile, '..'), { recursive: true });
    await writeFile(paths.configFile, 'server: { port: 1 }\n');
    const { keptBeside } = await restore(join(folder.path, 'host'));
    expect(keptBeside).toEqual([`${paths.configFile}.before-restore`]);
    expect(await readFile(paths.configFile, 'utf8')).toBe('server: { port: 8444 }\n');
    expect(await readFile(`${paths.configFile}.before-restore`, 'utf8')).toBe('server: { port: 1 }\n');
    expect((await stat(paths.configFile)).uid).toBe(0);
    for (const path of [paths.database, paths.caFolder, join(paths.caFolder, 'issuing.key.pem')]) {
      const { uid, gid } = await stat(path);
      expect({ path, uid, gid }).toEqual({ path, uid: 4_242, gid: 4_243 });
    }
  });

  it('goes on where an earlier one ended: nothing counts before the CA is there', async () => {
    await backup();
    const paths = managerPaths(join(folder.path, 'host'));
    await mkdir(join(paths.dataFolder, '.restore/ca'), { recursive: true });
    await writeFile(join(paths.dataFolder, '.restore/ca/root.pem'), 'half of one');
    await writeFile(paths.database, 'of the try before');
    const { keptBeside } = await restore(join(folder.path, 'host'));
    expect(keptBeside).toEqual([`${paths.database}.before-restore`]);
    expect(await readFile(join(paths.caFolder, 'root.pem'), 'utf8')).toBe(world.caPem);
    expect((await readdir(paths.dataFolder)).sort()).toEqual([
      'ca',
      'manager.sqlite',
      'manager.sqlite.before-restore',
    ]);
  });

  it('replaces no certificate authority', async () => {
    await backup();
    // The manager that serves meanwhile may write to its database, which stays the very file that it was.
    const rest = async () =>
      new Map(
        await Array.fromAsync(
          await everything(world.paths.dataFolder),
          async ([path, text]) =>
            [path, path.startsWith(world.paths.database) ? String((await stat(path)).ino) : text] as const,
        ),
      );
    const before = await rest();
    const options = { ...restoring, from: archive, key: { identities: [identity] } };
    await expect(restoreBackup({ ...options, paths: world.paths })).rejects.toThrow(/restore replaces none/);
    expect(await rest()).toEqual(before);
  });

  it('says so of another key, of a file that ends too early or was changed, and changes nothing', async () => {
    await backup();
    const root = join(folder.path, 'host');
    const nothing = async (words: RegExp, key?: { identities: string[] }) => {
      await expect(restore(root, key)).rejects.toThrow(words);
      expect(await everything(root)).toEqual(new Map());
    };
    await nothing(/does not open the file.*Nothing was changed/, {
      identities: [await generateX25519Identity()],
    });
    const whole = await readFile(archive);
    await truncate(archive, whole.length - 40_000);
    await nothing(/is damaged.*Nothing was changed/);
    await writeFile(archive, whole.with(whole.length - 100_000, whole[whole.length - 100_000]! ^ 1));
    await nothing(/is damaged.*Nothing was changed/);
    await writeFile(archive, 'something else');
    await nothing(/no archive of age.*Nothing was changed/);
  });

  it.each([
    ['a file that no manager has', '../../etc/shadow', /names nothing|which no manager has/],
    ['no manifest', undefined, /does not begin with/],
  ])('refuses an archive with %s, whoever locked it', async (_what, path, words) => {
    const data = Buffer.from('x');
    const file = {
      path: path ?? 'x',
      mode: 0o644,
      bytes: 1,
      sha256: '2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881',
    };
    const manifest = Buffer.from(
      JSON.stringify({
        v: 1,
        made_at: new Date(0).toISOString(),
        version: '1',
        ca_fingerprint: 'x',
        schema: 'x',
        hosts: 0,
        files: [file],
      }),
    );
    const entry = (name: string, body: Buffer): ArchiveEntry => ({
      path: name,
      mode: 0o644,
      bytes: body.length,
      pieces: (async function* pieces() {
        yield body;
      })(),
    });
    const entries =
      path === undefined
        ? [entry('x', data)]
        : [entry('linux-patch-backup.json', manifest), entry(path, data)];
    await systemFiles.writeDurably({
      path: archive,
      data: await sealArchive(entries, { recipients: [recipient] }, new Date(0)),
      mode: 0o600,
    });
    await expect(restore(join(folder.path, 'host'))).rejects.toThrow(words);
    expect(await everything(join(folder.path, 'host'))).toEqual(new Map());
  });
});
