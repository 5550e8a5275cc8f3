import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { type Host, type HostJobKey, SignedJob, TrustBundle } from '@linux-patch/contract';
import {
  isJobSignedBy,
  isVouchedFor,
  jobKeyFingerprint,
  leadsToJobKey,
  parseCertificates,
} from '@linux-patch/pki';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newAgent } from './agents.ts';
import {
  eventsOf,
  hostThatPins,
  jobKeyStatus,
  keyFileOf,
  offeredJobKey,
  rotateJobKey,
  runCommand,
} from './job-key-calls.ts';
import { applyAll, dataOf, INSTANCE, knownHost } from './known-host.ts';
import { joinListening, LISTENING } from './listening-agent.ts';
import { startWorld, TESTER, type World } from './world.ts';

let world: World;
beforeEach(async () => {
  world = await startWorld({ ...LISTENING, fleet: { poll_minutes: 60 } });
});
afterEach(() => world[Symbol.asyncDispose]());

const keyFile = () => keyFileOf(world);
const status = () => jobKeyStatus(world);
const rotate = () => rotateJobKey(world);
const offered = () => offeredJobKey(world);
const recorded = (event: string) => eventsOf(world, event);

describe('the job key', () => {
  it('is made with the CA, for nobody but the manager to read, and the CA vouches for it', async () => {
    expect((await stat(keyFile())).mode & 0o777).toBe(0o600);
    const offer = await offered();
    const { fingerprint } = await status();
    expect(jobKeyFingerprint(offer.key)).toBe(fingerprint);
    expect(isVouchedFor(offer, parseCertificates(world.caPem))).toBe(true);
    expect(await recorded('job_key_made')).toEqual([]);
  });

  it('comes with the certificate of each host that joins', async () => {
    const bundle = await (await newAgent(world)).join();
    expect(bundle.ext?.job_key?.key).toBe((await offered()).key);
  });

  it('is made at the start of a manager from before there was one, which is on record', async () => {
    await world.restart(() => rm(keyFile()));
    const { fingerprint } = await status();
    expect(await recorded('job_key_made')).toEqual([{ actor: 'manager', fingerprint }]);
    expect((await stat(keyFile())).mode & 0o777).toBe(0o600);
    await world.restart();
    expect((await status()).fingerprint).toBe(fingerprint);
    expect(await recorded('job_key_made')).toHaveLength(1);
  });

  it('stays over a restart and comes back with a backup', async () => {
    const { fingerprint } = await status();
    const backup = await readFile(keyFile());
    await rotate();
    await world.restart(() => writeFile(keyFile(), backup));
    expect((await status()).fingerprint).toBe(fingerprint);
  });

  it('that is damaged keeps the manager from starting, with words that have nothing of the key', async () => {
    const text = await readFile(keyFile(), 'utf8');
    const refusal = await world
      .restart(() => writeFile(keyFile(), text.slice(0, -40)))
      .then(
        () => 'it started',
        (error: Error) => error.message,
      );
    expect(refusal).toContain('trust-job-key');
    expect(refusal).not.toContain('PRIVATE KEY');
    await world.restart(() => writeFile(keyFile(), text)).catch(() => {});
  });

  it('is rotated by who may: the one before signs it and is gone, over and over', async () => {
    const first = await status();
    const before = JSON.parse(await readFile(keyFile(), 'utf8')) as { private_key: string };
    const second = await rotate();
    const third = await rotate();
    expect(third.former).toEqual([first.fingerprint, second.fingerprint]);
    expect(await recorded('job_key_rotated')).toEqual([
      { actor: TESTER, fingerprint: second.fingerprint, previous: first.fingerprint },
      { actor: TESTER, fingerprint: third.fingerprint, previous: second.fingerprint },
    ]);
    const offer = await offered();
    expect(leadsToJobKey(first.fingerprint, offer)).toBe(true);
    expect(leadsToJobKey(second.fingerprint, offer)).toBe(true);
    expect(await readFile(keyFile(), 'utf8')).not.toContain(JSON.stringify(before.private_key));
    await world.restart();
    expect((await status()).fingerprint).toBe(third.fingerprint);
  });
});

it('of the job key two at once are one after the other: hosts follow from the first to the last', async () => {
  const first = await status();
  await Promise.all([rotate(), rotate()]);
  const last = await status();
  expect(last.former).toHaveLength(2);
  expect(leadsToJobKey(first.fingerprint, await offered())).toBe(true);
  expect(await recorded('job_key_rotated')).toMatchObject([
    { previous: first.fingerprint, fingerprint: last.former[1] },
    { previous: last.former[1], fingerprint: last.fingerprint },
  ]);
  await world.restart();
  expect((await status()).fingerprint).toBe(last.fingerprint);
});

const jobOf = (headers: IncomingHttpHeaders): SignedJob | undefined => {
  const header = headers['linux-patch-job'];
  return header === undefined
    ? undefined
    : SignedJob.parse(JSON.parse(Buffer.from(String(header), 'base64url').toString()));
};

/** What a host does that pins a key: it wants one of its numbers signed, each once. */
function pinning() {
  let numbers = 0;
  let open: string | undefined;
  const next = (): string => {
    numbers += 1;
    open = `${'A'.repeat(18)}${String(numbers).padStart(4, '0')}`;
    return open;
  };
  return (headers: IncomingHttpHeaders, body: string) => {
    const job = jobOf(headers);
    const header = Buffer.from(String(headers['linux-patch-job'] ?? ''), 'base64url');
    const signature = String(headers['linux-patch-job-signature']);
    const isRight = job && isJobSignedBy(job.key, { header, signature, body: Buffer.from(body) });
    const isOpen = job?.challenge === open;
    const code = job === undefined ? 'SIGNATURE_REQUIRED' : isRight ? undefined : 'SIGNATURE_INVALID';
    return { code: code ?? (isOpen ? undefined : 'CHALLENGE_UNKNOWN'), challenge: next() };
  };
}

describe('a change for a host that pins the job key', { timeout: 60_000 }, () => {
  it('is signed for this host, instance, route, name and body, over the number that the host gave', async () => {
    await using host = await knownHost(world);
    host.guard(pinning());
    expect((await applyAll(world, host.fqdn, 'mine-1')).status).toBe(202);
    const [unsigned, signed, ...more] = host.jobsAsked();
    expect(more).toEqual([]);
    expect(unsigned?.headers).not.toHaveProperty('linux-patch-job');
    expect(jobOf(signed?.headers ?? {})).toEqual({
      v: 1,
      key: (await offered()).key,
      host: host.fqdn,
      instance: INSTANCE,
      op: 'POST /api/v1/patches/apply',
      idem: 'mine-1',
      challenge: `${'A'.repeat(18)}0001`,
    });
    expect(signed?.headers['idempotency-key']).toBe('mine-1');
  });

  it('is signed at once with the number that the answer before brought', async () => {
    await using host = await knownHost(world);
    host.guard(pinning());
    await applyAll(world, host.fqdn);
    expect((await applyAll(world, host.fqdn)).status).toBe(202);
    const challenges = host.jobsAsked().map((one) => jobOf(one.headers)?.challenge.slice(-4));
    expect(challenges).toEqual([undefined, '0001', '0002']);
  });

  it('is signed anew when its number was used up by somebody else, and not for ever', async () => {
    await using host = await knownHost(world);
    const wanted = pinning();
    let stolen = 2;
    host.guard((headers, body) => {
      const verdict = wanted(headers, body);
      stolen -= 1;
      return stolen >= 0 && verdict.code === undefined ? { ...verdict, code: 'CHALLENGE_UNKNOWN' } : verdict;
    });
    expect((await applyAll(world, host.fqdn)).status).toBe(202);
    host.guard((headers, body) => ({ ...wanted(headers, body), code: 'CHALLENGE_UNKNOWN' }));
    const before = host.jobsAsked().length;
    expect((await applyAll(world, host.fqdn)).json().error.code).toBe('AGENT_ERROR');
    expect(host.jobsAsked().length - before).toBe(4);
  });

  it('whose answer was lost is repeated with the very signature', async () => {
    await using host = await knownHost(world);
    host.guard(pinning());
    await applyAll(world, host.fqdn);
    host.lose(1);
    expect((await applyAll(world, host.fqdn)).status).toBe(202);
    const [first, again] = host.jobsAsked().slice(-2);
    expect(again?.headers['linux-patch-job-signature']).toBe(first?.headers['linux-patch-job-signature']);
  });

  it('is asked of a host that joined just now under the instance that it says itself', async () => {
    await using host = await joinListening(world);
    host.say({ instance_id: INSTANCE });
    host.guard(pinning());
    expect((await applyAll(world, host.fqdn)).status).toBe(202);
    expect(jobOf(host.jobsAsked().at(-1)?.headers ?? {})?.instance).toBe(INSTANCE);
  });

  it('is signed of an agent that was upgraded since it was asked last, once it says its instance', async () => {
    await using host = await knownHost(world, {});
    host.say({ instance_id: INSTANCE });
    host.guard(pinning());
    expect((await applyAll(world, host.fqdn)).status).toBe(202);
    expect(jobOf(host.jobsAsked().at(-1)?.headers ?? {})?.instance).toBe(INSTANCE);
  });

  it('is not signed for an agent that knows of no instances: that one is too old to look', async () => {
    await using host = await knownHost(world, {});
    expect((await applyAll(world, host.fqdn)).status).toBe(202);
    expect(host.jobsAsked().map((one) => jobOf(one.headers))).toEqual([undefined]);
  });

  it('is refused as it is by a host that pins another manager, in the words of the host', async () => {
    await using host = await knownHost(world);
    host.guard(() => ({ code: 'SIGNATURE_INVALID', challenge: 'A'.repeat(22) }));
    const answer = await applyAll(world, host.fqdn);
    expect([answer.status, answer.json().error]).toMatchObject([
      403,
      { code: 'SIGNATURE_INVALID', message: expect.stringContaining(host.fqdn) },
    ]);
  });
});

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
    await expect.poll(() => world.clock.sleeping).toBeGreaterThanOrEqual(2);
    await world.clock.advance(6_000);
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
    await expect.poll(() => world.clock.sleeping).toBeGreaterThanOrEqual(2);
    await world.clock.advance(6_000);
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
      await expect.poll(() => world.clock.sleeping).toBeGreaterThanOrEqual(2);
      await world.clock.advance(number === 1 ? 6_000 : 4_400_000);
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
    await expect.poll(() => world.clock.sleeping).toBeGreaterThanOrEqual(2);
    await world.clock.advance(6_000);
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
      await expect.poll(() => world.clock.sleeping).toBeGreaterThanOrEqual(2);
      await world.clock.advance(6_000);
      await expect.poll(async () => (await stateOf(host.fqdn)).state).not.toBe('unknown');
    }
    expect(told).toEqual([]);
  });
});
