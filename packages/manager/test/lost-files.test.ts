import { once } from 'node:events';
import { link, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { parseCertificates } from '@linux-patch/pki';
import { systemFiles, systemRandom } from '@linux-patch/runtime/node';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { describe, expect, it } from 'vitest';
import { initialiseAuthority } from '../src/authority/init.ts';
import { requireAuthority } from '../src/authority/initialised.ts';
import { readPair } from '../src/authority/key-files.ts';
import { newAgent } from './agents.ts';
import { findAuditBreak } from './audit-break.ts';
import { startWorld, type World } from './world.ts';

async function eventsOf(world: World): Promise<string[]> {
  const rows = await world.database.db.selectFrom('audit').select('event').orderBy('seq').execute();
  return rows.map((row) => row.event);
}

/** A file of which only a part is left. */
const DAMAGED = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';

/** What the start says when this file of the CA folder is gone or damaged. */
async function startWithout(name: string, how: 'gone' | 'damaged'): Promise<string> {
  await using world = await startWorld();
  const path = join(world.paths.caFolder, name);
  const lost = await readFile(path);
  if (how === 'gone') await rm(path);
  else await writeFile(path, DAMAGED);
  const words = await world.restart().then(
    () => 'started',
    (error: Error) => error.message,
  );
  await writeFile(path, lost);
  await world.restart();
  return words;
}

describe('what can be made again is made again at the start', () => {
  it.each([
    ['web.pem', 'gone'],
    ['web.key.pem', 'gone'],
    ['client.pem', 'gone'],
    ['client.key.pem', 'gone'],
    ['web.pem', 'damaged'],
    ['client.key.pem', 'damaged'],
    ['issuing.pem', 'gone'],
  ])('%s that is %s', async (name, how) => {
    await using world = await startWorld();
    const path = join(world.paths.caFolder, name);
    const before = (await eventsOf(world)).length;
    if (how === 'gone') await rm(path);
    else await writeFile(path, DAMAGED);
    await world.restart();
    expect((await stat(path)).mode & 0o777).toBe(name.includes('key') ? 0o600 : 0o644);
    const event = name.startsWith('issuing') ? 'ca_issuing_renewed' : 'own_certificate_renewed';
    await expect.poll(async () => (await eventsOf(world)).slice(before)).toContain(event);
    const agent = await newAgent(world);
    const bundle = await agent.join();
    expect(parseCertificates(bundle.server_crt).length).toBeGreaterThan(0);
    expect(await findAuditBreak(world.database.db)).toBeUndefined();
  });

  it('not the admin token, whose loss locks nobody out: the command line goes by the socket', async () => {
    await using world = await startWorld();
    const token = 'a-token-of-version-1.2-with-43-characters--';
    const authorization = `Bearer ${token}`;
    await writeFile(world.paths.adminToken, `${token}\n`, { mode: 0o600 });
    await world.restart();
    expect((await world.call({ path: '/api/v1/hosts', headers: { authorization } })).status).toBe(200);
    await rm(world.paths.adminToken);
    await world.restart();
    await expect(stat(world.paths.adminToken)).rejects.toThrow('ENOENT');
    expect((await world.call({ path: '/api/v1/hosts', headers: { authorization } })).status).toBe(401);
    expect((await world.admin('/hosts')).status).toBe(200);
  });

  it('the socket of the command line, also when a crash left one behind', async () => {
    await using world = await startWorld();
    const { adminSocket } = world.paths;
    await rm(dirname(adminSocket), { recursive: true });
    await world.restart();
    expect((await world.admin('/hosts')).status).toBe(200);
    // What a killed manager leaves is a name to which nobody answers.
    const left = createServer().listen(`${adminSocket}.left`);
    await once(left, 'listening');
    await link(`${adminSocket}.left`, `${adminSocket}.kept`);
    left.close();
    await once(left, 'close');
    await world.restart(() => rename(`${adminSocket}.kept`, adminSocket));
    expect((await world.admin('/hosts')).status).toBe(200);
  });
});

describe('what cannot be made again is to be restored', () => {
  it.each([
    ['root.pem', 'gone'],
    ['root.key.pem', 'gone'],
    ['issuing.key.pem', 'gone'],
    ['root.pem', 'damaged'],
    ['root.key.pem', 'damaged'],
    ['issuing.pem', 'damaged'],
    ['issuing.key.pem', 'damaged'],
  ] as const)('%s that is %s leads nobody to give up the authority', async (name, how) => {
    const words = await startWithout(name, how);
    expect(words).toContain(name);
    expect(words).toMatch(/Restore .* from your backup, and leave what is in it where it is/);
    expect(words).not.toMatch(/\binit\b|move|delete|remove/);
  });

  it.each(['as it served before that was noted', 'as it serves now'])(
    'the loss of the whole folder of a manager %s is told from a machine without an authority',
    async (how) => {
      await using world = await startWorld();
      const { caFolder, served } = world.paths;
      const aside = `${caFolder}.aside`;
      await world.restart(async () => {
        if (how.includes('before')) await rm(served);
        await rename(caFolder, aside);
        const doors = { files: systemFiles, clock: world.clock, random: systemRandom };
        const names = { dnsNames: [], ipAddresses: [] };
        await expect(
          initialiseAuthority({ ...doors, paths: world.paths, webNames: names }),
        ).rejects.toMatchObject({
          code: 'ALREADY_INITIALIZED',
          message: expect.stringMatching(/Restore .* from your backup/),
        });
        await expect(requireAuthority(systemFiles, world.paths)).rejects.toThrow(
          /A manager has served on this machine.*Restore/,
        );
        await expect(stat(caFolder)).rejects.toThrow('ENOENT');
        await rename(aside, caFolder);
      });
      expect((await world.admin('/hosts')).status).toBe(200);
    },
  );

  it('the loss of the CA to which hosts were led leads nobody to make another', async () => {
    await using folder = await temporaryFolder();
    await expect(readPair(systemFiles, join(folder.path, 'ca-2'), 'root')).rejects.toMatchObject({
      message: expect.stringMatching(/ca-2\/root\.pem or its key .* is missing.*Restore/),
    });
  });
});
