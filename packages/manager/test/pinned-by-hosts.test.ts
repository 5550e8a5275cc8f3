import { type Host, type HostJobKey, TrustBundle } from '@linux-patch/contract';
import { jobKeyFingerprint, leadsToJobKey } from '@linux-patch/pki';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventsOf, hostThatPins, jobKeyStatus, rotateJobKey, runCommand } from './job-key-calls.ts';
import { dataOf, INSTANCE, knownHost } from './known-host.ts';
import { joinListening, LISTENING } from './listening-agent.ts';
import { startWorld, type World } from './world.ts';

let world: World;
beforeEach(async () => {
  world = await startWorld({ ...LISTENING, fleet: { poll_minutes: 60 } });
});
afterEach(() => world[Symbol.asyncDispose]());

const status = () => jobKeyStatus(world);
const rotate = () => rotateJobKey(world);
const recorded = (event: string) => eventsOf(world, event);

describe('what hosts pin', () => {
  const stateOf = async (fqdn: string) => dataOf<Host>(await world.admin(`/hosts/${fqdn}`)).job_key;
  const NOTHING: HostJobKey = { pinned: null, by: null, foreign: null };

  it('is shown for each, and counted', async () => {
    const own = await status();
    const after = await rotate();
    const foreign = `SHA256:${'A'.repeat(43)}`;
    const cases: readonly (readonly [string, HostJobKey | undefined])[] = [
      ['pinned', { pinned: after.fingerprint, by: 'join', foreign: null }],
      ['behind', { pinned: own.fingerprint, by: 'first_sight', foreign: after.fingerprint }],
      ['foreign', { pinned: foreign, by: 'root', foreign: after.fingerprint }],
      ['none', { ...NOTHING, by: 'root' }],
      ['unsupported', undefined],
    ];
    for (const [state, said] of cases) {
      await using host = await hostThatPins(world, said);
      expect(await stateOf(host.fqdn)).toEqual({ state, pinned: said?.pinned ?? null, by: said?.by ?? null });
    }
    await using damaged = await knownHost(world, { instance_id: INSTANCE, checks: { job_key: 'gone' } });
    expect(await stateOf(damaged.fqdn)).toEqual({ state: 'unreadable', pinned: null, by: null });
    await using silent = await joinListening(world, false);
    expect((await stateOf(silent.fqdn)).state).toBe('unknown');
    const counts = { pinned: 1, behind: 1, foreign: 1, unreadable: 1, none: 1, unsupported: 1, unknown: 1 };
    expect((await status()).hosts).toEqual(counts);
  });

  it('is mended by telling a host that pins none, which then says what it pins', async () => {
    const { fingerprint } = await status();
    await using host = await joinListening(world);
    const told: string[] = [];
    host.say({ instance_id: INSTANCE, job_key: NOTHING });
    host.onTrust((body) => {
      told.push(jobKeyFingerprint(TrustBundle.parse(JSON.parse(body)).job_key?.key ?? ''));
      host.say({ instance_id: INSTANCE, job_key: { pinned: fingerprint, by: 'first_sight', foreign: null } });
    });
    await world.advance(6_000);
    await expect.poll(async () => (await stateOf(host.fqdn)).state).toBe('pinned');
    expect(told).toEqual([fingerprint]);
    expect(await recorded('job_key_offered')).toMatchObject([
      { fqdn: host.fqdn, pinned: fingerprint, by: 'first_sight' },
    ]);
  });

  it('is told of a new key at once, in a round of its own', async () => {
    const before = await status();
    await using host = await hostThatPins(world, { pinned: before.fingerprint, by: 'join', foreign: null });
    const told: string[] = [];
    host.onTrust((body) => {
      const offer = TrustBundle.parse(JSON.parse(body)).job_key!;
      told.push(jobKeyFingerprint(offer.key));
      const pinned = leadsToJobKey(before.fingerprint, offer) ? told[0]! : before.fingerprint;
      host.say({ instance_id: INSTANCE, job_key: { pinned, by: 'join', foreign: null } });
    });
    const { fingerprint } = await rotate();
    await expect.poll(async () => (await stateOf(host.fqdn)).state).toBe('pinned');
    expect(told).toEqual([fingerprint]);
  });

  it('is told again to a host that takes nothing, and not written down each time', async () => {
    await using host = await joinListening(world);
    const told: string[] = [];
    host.onTrust((body) => told.push(body));
    host.say({ instance_id: INSTANCE, job_key: NOTHING });
    await world.advance(6_000);
    await expect.poll(() => told.length).toBe(1);
    await expect.poll(async () => (await stateOf(host.fqdn)).state).toBe('none');
    expect(await recorded('job_key_offered')).toEqual([]);
  });

  it('that a host with copied certificates never takes is in the log once, and hosts show says who can pin it there', async () => {
    await using host = await joinListening(world);
    let asked = 0;
    host.onTrust(() => (asked += 1));
    host.refuseTrust('The certificates of this host were copied by hand');
    host.say({ instance_id: INSTANCE, identity_trust: 'manual', job_key: NOTHING });
    const rounds = async (number: number) => {
      await world.advance(number === 1 ? 6_000 : 4_400_000);
      await expect.poll(() => asked).toBeGreaterThanOrEqual(number);
      await expect.poll(async () => (await stateOf(host.fqdn)).state).toBe('none');
    };
    const said = () =>
      world.logger.records.filter((one) => one.message === 'A host did not take the job key').length;
    await rounds(1);
    await expect.poll(said).toBe(1);
    await rounds(2);
    await rounds(3);
    expect(said()).toBe(1);
    host.refuseTrust('Another reason');
    await rounds(4);
    await expect.poll(said).toBe(2);
    const shown = await runCommand(world, ['hosts', 'show', host.fqdn]);
    expect(shown.stdout).toMatch(/Job key .*none\. .*only its root can pin one.*trust-job-key/);
  });

  it('is told to a host that pins it and was offered another one, which it forgets then', async () => {
    const { fingerprint } = await status();
    await using host = await joinListening(world);
    const told: string[] = [];
    const pinned = { pinned: fingerprint, by: 'join', foreign: null } as const;
    host.say({ instance_id: INSTANCE, job_key: { ...pinned, foreign: `SHA256:${'A'.repeat(43)}` } });
    host.onTrust((body) => {
      told.push(jobKeyFingerprint(TrustBundle.parse(JSON.parse(body)).job_key?.key ?? ''));
      host.say({ instance_id: INSTANCE, job_key: pinned });
    });
    await world.advance(6_000);
    await expect.poll(() => told).toEqual([fingerprint]);
    await expect.poll(async () => (await stateOf(host.fqdn)).state).toBe('pinned');
    expect(await recorded('job_key_offered')).toEqual([]);
  });

  it('is not told again to a host that has refused, nor to one whose root wants none', async () => {
    const { fingerprint } = await status();
    const told: string[] = [];
    for (const said of [
      { pinned: `SHA256:${'A'.repeat(43)}`, by: 'root', foreign: fingerprint },
      { ...NOTHING, by: 'root' },
    ] as const) {
      await using host = await joinListening(world);
      host.onTrust((body) => told.push(body));
      host.say({ instance_id: INSTANCE, job_key: said });
      await world.advance(6_000);
      await expect.poll(async () => (await stateOf(host.fqdn)).state).not.toBe('unknown');
    }
    expect(told).toEqual([]);
  });
});
