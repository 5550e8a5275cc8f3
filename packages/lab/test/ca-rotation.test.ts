import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { parseCertificates, parseCrl, spkiFingerprint } from '@linux-patch/pki';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Fleet, type FleetHost, startFleet } from './fleet.ts';

let fleet: Fleet;
beforeEach(async () => {
  fleet = await startFleet();
});
afterEach(() => fleet[Symbol.asyncDispose]());

async function pinOf(): Promise<string> {
  return (await fleet.status()).authorities.find((ca) => ca.role === 'current')?.fingerprint ?? '';
}

/** Hosts that serve, let in by the pin of the CA as it is now. */
async function joined(count: number): Promise<FleetHost[]> {
  const pin = `ca_fingerprint: "${await pinOf()}"`;
  const hosts: FleetHost[] = [];
  for (let number = 0; number < count; number += 1) {
    const host = await fleet.addHost([pin]);
    const serving = host.start();
    await fleet.approve(host);
    await serving;
    hosts.push(host);
  }
  return hosts;
}

async function rootsOf(host: FleetHost): Promise<string[]> {
  return parseCertificates(await host.caPem()).map((one) => spkiFingerprint(one.pem));
}

async function must(answer: ReturnType<Fleet['step']>): Promise<void> {
  const { status, text } = await answer;
  expect([status, status === 200 ? '' : text]).toEqual([200, '']);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** A manager that ends in the middle of a phase and comes back. */
async function restartManager(): Promise<void> {
  await fleet.stopManager();
  await fleet.startManager();
}

describe('the replacement of the root CA', () => {
  it('takes every host along; no request fails in any phase, and the manager may end in each of them', async () => {
    const hosts = await joined(3);
    const before = await pinOf();
    let probe = fleet.probe();
    const total = { asked: 0, failures: [] as string[] };
    const interrupted = async (): Promise<void> => {
      const seen = await probe.stop();
      total.asked += seen.asked;
      total.failures.push(...seen.failures);
      await restartManager();
      probe = fleet.probe();
    };
    await must(fleet.step('start'));
    await interrupted();
    await fleet.followed();
    for (const host of hosts) expect(await rootsOf(host)).toHaveLength(2);

    await must(fleet.step('continue'));
    await interrupted();
    await fleet.followed();
    await must(fleet.step('continue'));
    await interrupted();
    const moved = await fleet.followed();
    expect(moved.authorities.map((ca) => [ca.role, ca.hosts])).toEqual([
      ['current', 0],
      ['next', 3],
    ]);
    await must(fleet.step('finish'));
    await interrupted();
    const done = await fleet.followed();
    const last = await probe.stop();
    expect([...total.failures, ...last.failures]).toEqual([]);
    expect(total.asked).toBeGreaterThan(20);

    expect(done).toMatchObject({ phase: 'standby', followed: 3, laggards: [] });
    const after = await pinOf();
    expect(after).not.toBe(before);
    for (const host of hosts) {
      expect(await rootsOf(host)).toEqual([after]);
      // No moment without a list that counts: it changed with the CAs.
      expect(parseCrl(await host.crlPem()).issuer).toContain('Issuing CA 2');
      expect(await host.audited('crl_unusable')).toEqual([]);
      expect(await host.audited('trust_refused')).toEqual([]);
      // A manager that is just being started is the only thing that may have been in a renewal's way.
      for (const { reason } of await host.audited('identity_renewal_failed'))
        expect(reason).toMatch(/ECONNREFUSED|ECONNRESET|socket hang up/);
      expect(await host.audited('identity_renewed')).toHaveLength(1);
    }
    expect(await exists(join(fleet.caFolder, 'root.key.pem'))).toBe(false);
    expect(await exists(join(fleet.caFolder, 'issuing.key.pem'))).toBe(false);

    // The fingerprint from before is still good for a host that joins: certificates lead from it to the new root.
    const late = await fleet.addHost([`ca_fingerprint: "${before}"`]);
    const serving = late.start();
    await fleet.approve(late);
    await serving;
    expect(await rootsOf(late)).toEqual([after]);
  });

  it('leaves a host that is off behind only when it is named, and it comes back by itself', async () => {
    const [amber, basalt] = await joined(2);
    if (!amber || !basalt) throw new Error('two hosts');
    await basalt.stop();
    await must(fleet.step('start'));
    await fleet.followed([basalt.name]);
    const refused = await fleet.step('continue');
    expect(refused.status).toBe(409);
    expect(refused.json().error).toMatchObject({
      code: 'ROTATION_CONFLICT',
      details: { hosts: [{ host: basalt.name }] },
    });
    expect(refused.text).toContain('nothing listens there');
    const named = { leave_behind: [basalt.name] };
    await must(fleet.step('continue', named));
    await must(fleet.step('continue', named));
    await fleet.followed([basalt.name]);
    await must(fleet.step('finish', named));
    expect((await fleet.status()).laggards.map((one) => one.host)).toEqual([basalt.name]);
    const pin = await pinOf();

    await basalt.start();
    await fleet.followed();
    expect(await rootsOf(basalt)).toEqual([pin]);
    expect((await fleet.admin(`/hosts/${basalt.name}/jobs`)).status).toBe(200);
    expect(await basalt.audited('trust_refused')).toEqual([]);
  });

  it('takes hosts along whose certificates would have lived longer than those of the new CA', async () => {
    const [amber] = await joined(1);
    if (!amber) throw new Error('a host');
    await fleet.stopManager();
    await fleet.startManager({ agent_days: 30 });
    await must(fleet.step('start'));
    for (const phase of ['trust', 'manager']) {
      expect((await fleet.followed()).phase).toBe(phase);
      await must(fleet.step('continue'));
    }
    const moved = await fleet.followed();
    expect(moved.authorities.map((ca) => [ca.role, ca.hosts])).toEqual([
      ['current', 0],
      ['next', 1],
    ]);
    expect(await amber.audited('identity_renewal_failed')).toEqual([]);
    expect(await amber.audited('identity_renewed')).toHaveLength(1);
  });

  it.each([
    ['trust', 0],
    ['manager', 1],
    ['hosts', 2],
  ])(
    'can be rolled back from the phase "%s", and every request goes through',
    async (phase, steps) => {
      const hosts = await joined(2);
      const before = await pinOf();
      const probe = fleet.probe();
      await must(fleet.step('start'));
      for (let step = 0; step < steps; step += 1) {
        await fleet.followed();
        await must(fleet.step('continue'));
      }
      expect((await fleet.followed()).phase).toBe(phase);
      await must(fleet.step('rollback'));
      await fleet.followed();
      await must(fleet.step('finish'));
      const done = await fleet.followed();
      expect((await probe.stop()).failures).toEqual([]);
      expect(done.authorities.map((ca) => [ca.role, ca.pin_works])).toEqual([
        ['current', true],
        ['discarded', false],
      ]);
      for (const host of hosts) expect(await rootsOf(host)).toEqual([before]);
    },
    240_000,
  );

  it('after a theft the old fingerprint is dead, and hosts that were off still come back', async () => {
    const [amber] = await joined(1);
    if (!amber) throw new Error('a host');
    const before = await pinOf();
    await amber.stop();
    await must(fleet.step('start'));
    await must(fleet.step('continue', { leave_behind: 'all' }));
    await must(fleet.step('continue', { leave_behind: 'all' }));
    await must(fleet.step('finish', { leave_behind: 'all', compromised: true }));
    const [, old] = (await fleet.status()).authorities;
    expect(old).toMatchObject({ role: 'compromised', fingerprint: before, pin_works: false });

    await amber.start();
    await fleet.followed();
    expect(await rootsOf(amber)).toEqual([await pinOf()]);

    const late = await fleet.addHost([`ca_fingerprint: "${before}"`]);
    await late.start(false);
    await fleet.clock.waitForSleepers();
    await late.stop();
    const requests = (await fleet.admin('/enrollments?state=all')).json().data.enrollments;
    expect(requests.filter((one: { fqdn: string }) => one.fqdn === late.name)).toEqual([]);
  });

  it('is taken one step on, however often a step is asked for that was meant for one phase', async () => {
    await must(fleet.step('start', { phase: 'standby' }));
    await must(fleet.step('continue', { phase: 'trust' }));
    const again = await fleet.step('continue', { phase: 'trust' });
    expect([again.status, again.json().error.details]).toEqual([409, { phase: 'manager' }]);
    expect((await fleet.status()).phase).toBe('manager');
  });
});
