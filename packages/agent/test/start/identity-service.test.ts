import { readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { alarmLevel, type RenewalAlarm } from '@linux-patch/pki';
import { testAuthority } from '@linux-patch/pki/testing';
import { systemFiles } from '@linux-patch/runtime/node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openIdentityService } from '../../src/app/identity.ts';
import { identityHealth } from '../../src/health/identity.ts';
import { readRenewalRecord } from '../../src/identity/renewal/record.ts';
import { readIdentityMeta } from '../../src/identity/store/identity-meta.ts';
import { readMaterial } from '../../src/identity/store/material.ts';
import { call } from '../http/world.ts';
import { DAY_MS, type IdentityWorld, NOW, startIdentityWorld } from './identity-world.ts';

let world: IdentityWorld;
/** When renewal is due, in days: the middle of the span, by the draw of this host. */
let due: number;
beforeEach(async () => {
  world = await startIdentityWorld();
  due = (identityHealth('ok', world.service.state).renewal!.dueMs - NOW) / DAY_MS;
});
afterEach(() => world[Symbol.asyncDispose]());

/** The files of an identity, in the order in which they are told. */
const ALL = ['ca.pem', 'server.pem', 'server.key.pem'];

const BUSY = { status: 503, body: {} };
const renewals = (): number => world.renewer.asked.filter((path) => path.endsWith('/renew')).length;
const health = async () => (await call(world, '/health')).envelope.data as Record<string, never>;
const certificates = async (): Promise<string> =>
  ((await health()) as unknown as { checks: { certificates: string } }).checks.certificates;
const metric = async (name: string): Promise<number> =>
  Number(
    new RegExp(`^linux_patch_agent_identity_${name} (\\S+)$`, 'm').exec(
      (await call(world, '/metrics')).text,
    )?.[1],
  );

describe('the loop', () => {
  it('renews at its point and not before, and the running server serves the new certificate', async () => {
    world.travelTo(due - 0.01);
    await world.turn();
    expect(renewals()).toBe(0);
    world.travelTo(due + 0.001);
    await world.turn();
    expect(renewals()).toBe(1);
    const serial = world.serialHex!;
    expect(serial).not.toBe(world.serialOf(world.first.certificatePem));
    await world.server.confirmServes(serial);
    expect(world.serialOf(await readFile(world.paths.certificate, 'utf8'))).toBe(serial);
    expect(world.names('identity_renewed').map((one) => one.details)).toEqual([{ serial }]);
    expect(await readRenewalRecord(systemFiles, world.context.settings.paths.dataFolder)).toMatchObject({
      serial,
      failures: 0,
      last_error: null,
    });
    await world.turn();
    expect(renewals()).toBe(1);
  });

  it('tries again after two, six and fifteen minutes, then keeps its place', async () => {
    world.renewer.refuse = BUSY;
    const steps = [
      [0, 1],
      [1, 1],
      [2, 2],
      [5, 2],
      [6, 3],
      [14, 3],
      [15, 4],
      [600, 4],
      [2880, 5],
    ] as const;
    for (const [minutes, attempts] of steps) {
      world.travelTo(due + minutes / 1440 + 0.0001);
      await world.turn();
      expect([minutes, renewals()]).toEqual([minutes, attempts]);
    }
  });

  it('does not try again at once when the agent is restarted, and knows what went wrong before', async () => {
    world.renewer.refuse = BUSY;
    world.travelTo(due + 0.0001);
    await world.turn();
    const again = await openIdentityService(world.context);
    expect(identityHealth('ok', again.state).renewal?.nextAttemptMs).toBeGreaterThanOrEqual(
      world.clock.now() + 40_000,
    );
    const record = await readRenewalRecord(systemFiles, world.context.settings.paths.dataFolder);
    expect(record).toMatchObject({ failures: 1, last_error: expect.stringContaining('503') });
  });

  it('keeps serving with what it has when the manager sends a certificate that ends no later', async () => {
    world.travelTo(due + 0.001);
    world.renewer.lifetimeMs = 30 * DAY_MS;
    await world.turn();
    expect(world.serialHex).toBe(world.serialOf(world.first.certificatePem));
    expect(world.names('identity_renewal_failed')[0]!.details['reason']).toContain('no later than');
  });

  it('goes back to the set before when the server cannot serve the new one', async () => {
    const before = await realpath(join(world.certs, 'current'));
    world.service.current.subscribe(({ material }) => {
      if (material.certificatePem !== world.first.certificatePem)
        throw new Error('connections get another certificate');
    });
    world.travelTo(due + 0.001);
    await world.turn();
    expect(await realpath(join(world.certs, 'current'))).toBe(before);
    expect(world.serialHex).toBe(world.serialOf(world.first.certificatePem));
    await world.server.confirmServes(world.serialHex!);
    expect(world.names('identity_renewal_undone')).toHaveLength(1);
    expect(world.names('identity_renewal_failed')).toHaveLength(1);
    expect(world.names('identity_reloaded')).toEqual([]);
  });

  it('that stands still is seen in health and metrics', async () => {
    expect(await certificates()).toBe('ok');
    // Its next sleep ends with the clock that stands still; the machine's does not.
    world.context.run.liveness.beat();
    Object.defineProperty(world.context.run.liveness, 'ageMs', { value: 185_000 });
    expect(await certificates()).toMatch(/has not run for 3 min.*systemctl restart/);
    expect(await metric('keeper_age_seconds')).toBe(185);
  });

  it('says at once that another machine holds its identity, when the manager says so, and after a restart', async () => {
    const error = { code: 'CERT_FORKED', message: 'renewed before', details: {}, retryable: false };
    world.renewer.refuse = { status: 403, body: { success: false, error } };
    world.travelTo(due + 0.001);
    await world.turn();
    expect(await certificates()).toMatch(/two machines hold one identity.*--enroll/s);
    expect(world.names('identity_renewal_failed')).toEqual([]);
    expect(world.names('identity_forked')).toHaveLength(1);
    expect(
      world.logger.records.filter((one) => one.level === 'error' && one.message.startsWith('Two machines')),
    ).toHaveLength(1);
    const again = await openIdentityService(world.context);
    expect(identityHealth('ok', again.state).certificates).toMatch(/two machines/);
    await expect.poll(() => world.renewer.asked).toContain('/api/v1/enroll');
    await world.server.confirmServes(world.serialHex!);
  });

  it('has a key for the next certificate before it asks for one', async () => {
    await world.turn();
    const serial = world.serialOf(world.first.certificatePem);
    const key = await readFile(join(world.certs, `next-keys/${serial}.key.pem`), 'utf8');
    world.travelTo(due + 0.001);
    await world.turn();
    expect(await readFile(join(world.certs, 'server.key.pem'), 'utf8')).toBe(key);
  });

  it('asks to join anew while it serves, when the manager does not renew at all', async () => {
    world.renewer.refuse = { status: 404, body: {} };
    world.travelTo(due + 0.001);
    await world.turn();
    await expect.poll(() => world.names('identity_renewal_failed')).toHaveLength(1);
    await expect.poll(() => world.renewer.asked).toContain('/api/v1/enroll');
    await world.server.confirmServes(world.serialHex!);
  });
});

describe('a renewal that fails', () => {
  const STEPS: readonly (readonly [number, RenewalAlarm, 'warn' | 'error'])[] = [
    [257, 'late', 'warn'],
    [292.1, 'fifth_left', 'warn'],
    [328.6, 'tenth_left', 'error'],
    [358.1, 'week_left', 'error'],
    [363.1, 'two_days_left', 'error'],
    [365.1, 'expired', 'error'],
  ];

  it('is no alarm on its first day', async () => {
    world.renewer.refuse = BUSY;
    world.travelTo(due + 0.9);
    await world.turn();
    expect([await certificates(), await metric('renewal_alarm')]).toEqual(['ok', 0]);
  });

  it('gets louder at every threshold: log, audit, health, metric, status line; success ends it all', async () => {
    world.renewer.refuse = BUSY;
    world.travelTo(due + 0.0001);
    await world.turn();
    for (const [day, alarm, level] of STEPS) {
      world.travelTo(day);
      await world.turn();
      await world.turn();
      expect(world.names('identity_renewal_overdue').at(-1)!.details).toMatchObject({
        alarm,
        serial: world.serialHex,
        reason: expect.stringContaining('503'),
      });
      expect(world.names('identity_renewal_overdue')).toHaveLength(alarmLevel(alarm));
      const said = world.logger.records.filter((one) => one.fields['alarm'] === alarm);
      expect(said.map((one) => one.level)).toEqual([level]);
      expect(said[0]!.message).toContain('linux-patch-api --renew-certs');
      expect(world.statusLines.at(-1)).toContain('certificate not renewed');
      expect(await health()).toMatchObject({ status: 'degraded' });
      expect(await certificates()).toContain('should have been renewed on');
      expect(await metric('renewal_alarm')).toBe(alarmLevel(alarm));
    }
    world.renewer.refuse = undefined;
    for (let beats = 0; beats < 40 && world.names('identity_renewed').length === 0; beats += 1)
      await world.turn();
    await world.turn();
    // The machine's clock says that the new certificate is not valid yet, so nobody can ask over TLS.
    const { certificates: check, renewal } = identityHealth('ok', world.service.state);
    expect([check, renewal?.alarm]).toEqual(['ok', 'none']);
    expect(world.statusLines.at(-1)).toBeUndefined();
  });
});

describe('certificates that somebody copies', () => {
  async function copy(set: { caPem: string; certificatePem: string; keyPem: string }): Promise<void> {
    await writeFile(join(world.certs, 'current/ca.pem'), set.caPem);
    await writeFile(join(world.certs, 'current/server.pem'), set.certificatePem);
    await writeFile(join(world.certs, 'current/server.key.pem'), set.keyPem);
  }

  it('are taken up by themselves once they have settled', async () => {
    const set = await world.issue(NOW);
    await copy(set);
    await world.beat();
    expect(world.names('identity_reloaded')).toEqual([]);
    await world.beat();
    const serial = world.serialOf(set.certificatePem);
    expect(world.names('identity_reloaded').map((one) => one.details)).toEqual([{ serial }]);
    await world.server.confirmServes(serial);
  });

  it('are refused with the reason when they are wrong, once, and the old ones go on serving', async () => {
    const foreign = await world.issue(NOW, await testAuthority({ now: NOW }));
    await copy({ ...foreign, caPem: world.first.caPem });
    for (let beats = 0; beats < 4; beats += 1) await world.beat();
    const [refused, ...more] = world.names('identity_reload_refused');
    expect([refused!.details['reason'], more]).toEqual([expect.stringContaining('does not chain'), []]);
    expect(await certificates()).toMatch(/^the certificates on disk were changed and are not used: .*chain/);
    await world.server.confirmServes(world.serialOf(world.first.certificatePem));
    await copy(world.first);
    await world.beat();
    await world.beat();
    expect(await certificates()).toBe('ok');
  });

  it.each([
    ['one is emptied', () => writeFile(join(world.certs, 'current/server.key.pem'), ''), ['server.key.pem']],
    ['one is deleted', () => rm(join(world.certs, 'ca.pem')), ['ca.pem']],
    ['the link to the set in use is deleted', () => rm(join(world.certs, 'current')), ALL],
    ['the whole folder is deleted', () => rm(world.certs, { recursive: true }), ALL],
  ])('are put back when %s, and nothing else changes', async (_what, lose, lost) => {
    const serial = world.serialHex;
    await lose();
    for (let beats = 0; beats < 4; beats += 1) await world.beat();
    const paths = lost.map((name) => join(world.certs, name));
    expect(world.names('identity_put_back').map((one) => one.details)).toEqual([{ serial, paths }]);
    expect(await readMaterial(systemFiles, world.paths)).toMatchObject({
      certificatePem: world.first.certificatePem,
      keyPem: world.first.keyPem,
      caPem: world.first.caPem,
    });
    expect((await stat(join(world.certs, 'server.key.pem'))).mode & 0o777).toBe(0o600);
    expect(await certificates()).toBe('ok');
    expect((await readIdentityMeta(systemFiles, world.paths)).trust).toBe('code');
    await world.server.confirmServes(serial!);
  });

  it('that cannot be put back are said once in health, audit and log, and put back when they can', async () => {
    await rm(world.certs, { recursive: true });
    await writeFile(world.certs, 'in the way');
    for (let beats = 0; beats < 6; beats += 1) await world.beat();
    expect(await certificates()).toMatch(/not used: .*could not be written below/);
    expect(world.names('identity_reload_refused')).toHaveLength(1);
    await world.server.confirmServes(world.serialHex!);
    await rm(world.certs);
    for (let beats = 0; beats < 4; beats += 1) await world.beat();
    expect(world.names('identity_put_back')).toHaveLength(1);
    expect(await certificates()).toBe('ok');
  });

  it('are looked at at once on a reload', async () => {
    const set = await world.issue(NOW);
    await copy(set);
    await world.service.reload();
    await world.server.confirmServes(world.serialOf(set.certificatePem));
  });
});
