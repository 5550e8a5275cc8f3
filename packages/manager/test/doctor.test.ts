import { chmod, chown, mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { nodeCommands, systemFiles } from '@linux-patch/runtime/node';
import { ManualClock } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noteBackup } from '../src/backup/last-backup.ts';
import { createApiClient } from '../src/cli/api-client.ts';
import { localConnection } from '../src/cli/local-connection.ts';
import { ManagerConfigSchema } from '../src/config/schema.ts';
import { examineManager } from '../src/doctor/examine.ts';
import type { ManagerCheckCode } from '../src/doctor/table.ts';
import { newAgent } from './agents.ts';
import { startWorld, type World } from './world.ts';

const NOBODY = 65_534;
const DAY_MS = 86_400_000;
const NAMED = ['web.pem', 'client.pem'] as const;
let world: World;
beforeAll(async () => {
  world = await startWorld();
  await mkdir(dirname(world.paths.configFile), { recursive: true });
  await writeFile(world.paths.configFile, '', { mode: 0o644 });
});
afterAll(() => world[Symbol.asyncDispose]());

interface Situation {
  readonly settings?: object;
  readonly laterMs?: number;
  readonly load?: () => Promise<never>;
  readonly where?: World;
}

async function examine({ settings = {}, laterMs = 0, load, where = world }: Situation = {}) {
  const { paths, clock } = where;
  const config = ManagerConfigSchema.parse({ server: { port: where.port }, ...settings });
  return examineManager({
    files: systemFiles,
    commands: nodeCommands(),
    clock: new ManualClock(clock.now() + laterMs),
    signal: AbortSignal.timeout(600_000),
    root: paths.dataFolder.replace('/var/lib/linux_patch_manager', ''),
    paths,
    configFile: paths.configFile,
    loadConfig: load ?? (async () => config),
    api: createApiClient(localConnection({ files: systemFiles, paths, startedFor: undefined })),
  });
}

const codes = async (situation?: Situation) => (await examine(situation)).map(({ code }) => code);
/** What holds for this world anyway: it lets in older agents, and nobody made a backup or a person. */
const ANYWAY: readonly ManagerCheckCode[] = ['NO_BACKUP', 'OLDER_AGENTS_ALLOWED', 'NO_ADMINISTRATOR'];
const more = async (situation?: Situation) =>
  (await codes(situation)).filter((code) => !ANYWAY.includes(code));

/** Changes the mode for as long as the work takes. */
async function withMode<T>(path: string, mode: number, work: () => Promise<T>): Promise<T> {
  const before = (await stat(path)).mode & 0o7777;
  await chmod(path, mode);
  try {
    return await work();
  } finally {
    await chmod(path, before);
  }
}

/** Moves a file aside for as long as the work takes. */
async function without<T>(path: string, work: () => Promise<T>): Promise<T> {
  await rename(path, `${path}.aside`);
  try {
    return await work();
  } finally {
    await rename(`${path}.aside`, path);
  }
}

describe('the doctor of a manager that runs', () => {
  it('finds what people should know of it, and nothing else', async () => {
    expect(await codes()).toEqual(ANYWAY);
  });

  it('tells hosts that wait, and a person who may let them in is no finding any more', async () => {
    await using where = await startWorld();
    const agent = await newAgent(where);
    expect((await agent.register()).status).toBe(202);
    expect(await more({ where })).toEqual(['HOSTS_WAITING']);
    const ada = { name: 'ada', role: 'admin', password: 'correct horse battery' };
    expect((await where.admin('/people', ada)).status).toBe(200);
    expect(await codes({ where })).not.toContain('NO_ADMINISTRATOR');
    await agent.join();
    const found = await examine({ where });
    expect(found.find((one) => one.code === 'HOSTS_UNKNOWN')?.detail).toMatch(/^1 of 1, at /);
  });

  it('tells a backup that is old, and none that is fresh', async () => {
    await noteBackup(systemFiles, world.paths, new Date(world.clock.now()).toISOString());
    expect(await codes()).not.toContain('NO_BACKUP');
    expect(await codes({ laterMs: 31 * DAY_MS })).toContain('BACKUP_OLD');
    await writeFile(world.paths.lastBackup, '{"v":1,"made_at":"yesterday"}');
    expect(await codes()).toContain('NO_BACKUP');
    await rm(world.paths.lastBackup);
  });

  it('tells certificates that end: its own, and in time the root', async () => {
    const years = (count: number) => ({ laterMs: count * 365 * DAY_MS });
    expect(await more(years(2))).toEqual(['OWN_CERTIFICATE_ENDED', 'OWN_CERTIFICATE_ENDED']);
    const own = (await examine(years(2))).filter((one) => one.code === 'OWN_CERTIFICATE_ENDED');
    expect(own.map(({ detail }) => NAMED.find((name) => detail.includes(`/${name} `)))).toEqual(NAMED);
    expect(await more(years(9.5))).toContain('ROTATION_DUE');
    expect(await more(years(30))).toContain('AUTHORITY_ENDED');
  });

  it('tells a clock that is before its own authority', async () => {
    expect(await more({ laterMs: -400 * DAY_MS })).toEqual(['CLOCK_BEHIND']);
  });
});

describe('the doctor of a manager whose files are not as they should be', () => {
  it.each<[string, () => string, number, ManagerCheckCode]>([
    ['a configuration that others change', () => world.paths.configFile, 0o666, 'CONFIG_OPEN'],
    ['a key that others read', () => join(world.paths.caFolder, 'root.key.pem'), 0o644, 'KEYS_OPEN'],
    ['a job key that others read', () => join(world.paths.caFolder, 'job-key.json'), 0o640, 'KEYS_OPEN'],
    ['an open CA folder', () => world.paths.caFolder, 0o755, 'KEYS_OPEN'],
    ['a data folder that others write', () => world.paths.dataFolder, 0o777, 'DATA_OPEN'],
  ])('tells %s', async (_what, path, mode, code) => {
    expect(await withMode(path(), mode, () => more())).toEqual([code]);
  });

  it('tells the password of the database that others read', async () => {
    const path = join(world.paths.dataFolder, 'password');
    await writeFile(path, 'secret\n', { mode: 0o644 });
    const database = { url: 'postgresql://fleet@db.example.test/fleet', password_file: path };
    const found = await examine({ settings: { database } });
    expect(found.find((one) => one.code === 'PASSWORD_FILE_OPEN')?.detail).toContain('0644');
    expect(JSON.stringify(found)).not.toContain('secret');
    await rm(path);
  });

  it('tells what root left there, with the one command that gives it back', async () => {
    const path = join(world.paths.caFolder, 'web.key.pem');
    await chown(path, NOBODY, NOBODY);
    const [found] = (await examine()).filter((one) => !ANYWAY.includes(one.code));
    expect(found).toMatchObject({ code: 'FOREIGN_OWNER', words: { folder: world.paths.dataFolder } });
    await chown(path, 0, 0);
  });

  it.each<[string, string, ManagerCheckCode]>([
    ['a job key that is gone', 'job-key.json', 'JOB_KEY_MISSING'],
    ['a root key that is gone', 'root.key.pem', 'AUTHORITY_BROKEN'],
  ])('tells %s', async (_what, name, code) => {
    expect(await without(join(world.paths.caFolder, name), () => more())).toEqual([code]);
  });
});

describe('the doctor of a manager that is down', () => {
  it('looks at the rest all the same, and never makes an authority', async () => {
    await world.restart(async () => {
      expect((await more()).toSorted()).toEqual(['NOT_ANSWERING']);
      await without(world.paths.caFolder, async () => {
        expect(await more()).toEqual(['AUTHORITY_BROKEN']);
        await expect(stat(world.paths.caFolder)).rejects.toThrow('ENOENT');
      });
    });
  });

  it('names an address that the machine does not have', async () => {
    await world.restart(async () => {
      const found = await examine({ settings: { server: { bind: '192.0.2.7' } } });
      expect(found).toContainEqual({ code: 'BIND_ADDRESS_MISSING', detail: 'server.bind is 192.0.2.7.' });
    });
  });

  it('names the program that has its port', async () => {
    const { port } = world;
    await world.restart(async () => {
      const { createServer } = await import('node:net');
      const other = createServer();
      await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
      const found = await examine({ settings: { server: { port } } });
      expect(found.find((one) => one.code === 'PORT_TAKEN')).toMatchObject({ words: { pid: process.pid } });
      await new Promise((resolve) => other.close(resolve));
    });
  });

  it('says what is wrong with the configuration before anything else', async () => {
    const load = () => Promise.reject(new Error('config.yaml:3:5: server.prot is no key'));
    const [first] = await examine({ load });
    expect(first).toEqual({ code: 'CONFIG_REFUSED', detail: 'config.yaml:3:5: server.prot is no key' });
  });
});
