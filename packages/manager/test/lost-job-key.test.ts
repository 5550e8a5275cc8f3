import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import type { Host } from '@linux-patch/contract';
import { leadsToJobKey } from '@linux-patch/pki';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  eventsOf,
  hostThatPins,
  jobKeyStatus,
  keyFileOf,
  offeredJobKey,
  rotateJobKey,
  runCommand,
} from './job-key-calls.ts';
import { dataOf } from './known-host.ts';
import { joinListening, LISTENING } from './listening-agent.ts';
import { startWorld, type World } from './world.ts';

let world: World;
beforeEach(async () => {
  world = await startWorld({ ...LISTENING, fleet: { poll_minutes: 60 } });
});
afterEach(() => world[Symbol.asyncDispose]());

describe('a lost job key', () => {
  const wordsOfStart = () =>
    world
      .restart(() => rm(keyFileOf(world), { force: true }))
      .then(
        () => 'it started',
        (error: Error) => error.message,
      );
  const make = () => runCommand(world, ['job-key', 'make', '--json']);

  it('keeps the manager from starting while a host on record pins it: only the backup or a word brings it up', async () => {
    const { fingerprint } = await jobKeyStatus(world);
    const backup = await readFile(keyFileOf(world));
    await using host = await hostThatPins(world, { pinned: fingerprint, by: 'join', foreign: null });
    const words = await wordsOfStart();
    for (const said of [keyFileOf(world), fingerprint, host.fqdn, 'Nothing was changed', 'from your backup'])
      expect(words).toContain(said);
    expect(words).toContain('linux-patch-manager job-key make');
    expect(words).toContain('linux-patch-api trust-job-key');
    await expect(stat(keyFileOf(world))).rejects.toThrow('ENOENT');
    expect(await wordsOfStart()).toBe(words);
    await world.restart(() => writeFile(keyFileOf(world), backup, { mode: 0o600 }));
    expect((await jobKeyStatus(world)).fingerprint).toBe(fingerprint);
    expect(await eventsOf(world, 'job_key_made')).toEqual([]);
    expect(await eventsOf(world, 'job_key_replaced')).toEqual([]);
  });

  it('is not made anew either for hosts that joined and were never asked since', async () => {
    await using host = await joinListening(world, false);
    expect(await wordsOfStart()).toContain(host.fqdn);
    await world.restart(async () => expect((await make()).exitCode).toBe(0));
  });

  it('is made anew by itself where no host pins it: those that left, have an older agent, or pin none', async () => {
    const { fingerprint } = await jobKeyStatus(world);
    await using older = await hostThatPins(world, undefined);
    await using free = await hostThatPins(world, { pinned: null, by: 'root', foreign: null });
    await using gone = await hostThatPins(world, { pinned: fingerprint, by: 'join', foreign: null });
    await world.database.db
      .updateTable('hosts')
      .set({ left_at: world.clock.now() })
      .where('fqdn', '=', gone.fqdn)
      .execute();
    expect([older.fqdn, free.fqdn, await wordsOfStart()]).toContain('it started');
    expect(await eventsOf(world, 'job_key_made')).toMatchObject([{ actor: 'manager' }]);
  });

  it('is made anew by the word of the administrator, which says what is to be done on hosts and is on record', async () => {
    const { fingerprint: lost } = await jobKeyStatus(world);
    await using host = await hostThatPins(world, { pinned: lost, by: 'join', foreign: null });
    await wordsOfStart();
    const made = await make();
    expect(made.exitCode, made.stderr).toBe(0);
    const { fingerprint } = JSON.parse(made.stdout) as { fingerprint: string };
    expect((await stat(keyFileOf(world))).mode & 0o777).toBe(0o600);
    await world.restart();
    expect((await jobKeyStatus(world)).fingerprint).toBe(fingerprint);
    expect(fingerprint).not.toBe(lost);
    expect(await eventsOf(world, 'job_key_replaced')).toEqual([
      { actor: 'manager', fingerprint, previous: lost },
    ]);
    expect(dataOf<Host>(await world.admin(`/hosts/${host.fqdn}`)).job_key.state).toBe('foreign');
    await world.restart();
    expect(await eventsOf(world, 'job_key_replaced')).toHaveLength(1);
  });

  it('that is none is left alone by that word, with the server up or down', async () => {
    const before = await readFile(keyFileOf(world), 'utf8');
    const up = await make();
    expect([up.exitCode, up.stderr]).toEqual([5, expect.stringContaining('job-key rotate')]);
    await rm(keyFileOf(world));
    expect((await make()).exitCode).toBe(5);
    await expect(stat(keyFileOf(world))).rejects.toThrow('ENOENT');
    let down: Awaited<ReturnType<typeof make>> | undefined;
    await world.restart(async () => {
      await writeFile(keyFileOf(world), before, { mode: 0o600 });
      down = await make();
    });
    expect([down?.exitCode, down?.stderr]).toEqual([5, expect.stringContaining('Nothing was changed')]);
    expect(await readFile(keyFileOf(world), 'utf8')).toBe(before);
  });

  it('whose file went while the manager runs comes back with the next rotation, which hosts follow', async () => {
    const { fingerprint } = await jobKeyStatus(world);
    await rm(keyFileOf(world));
    const { former } = await rotateJobKey(world);
    expect(former).toEqual([fingerprint]);
    await world.restart();
    expect(leadsToJobKey(fingerprint, await offeredJobKey(world))).toBe(true);
  });
});

it('a rotation that a crash kept out of the record is recorded at the next start, as the rotation that it was', async () => {
  const first = await jobKeyStatus(world);
  const next = await rotateJobKey(world);
  await world.restart(async () => {
    await world.database.db
      .updateTable('settings')
      .set({ value: first.fingerprint })
      .where('name', '=', 'job_key')
      .execute();
  });
  expect((await eventsOf(world, 'job_key_rotated')).at(-1)).toEqual({
    actor: 'manager',
    fingerprint: next.fingerprint,
    previous: first.fingerprint,
  });
});
