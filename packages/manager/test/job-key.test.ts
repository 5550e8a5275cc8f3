import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { SignedJob } from '@linux-patch/contract';
import {
  isJobSignedBy,
  isVouchedFor,
  jobKeyFingerprint,
  leadsToJobKey,
  parseCertificates,
} from '@linux-patch/pki';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { agentJob } from './agent-job.ts';
import { newAgent } from './agents.ts';
import { eventsOf, jobKeyStatus, keyFileOf, offeredJobKey, rotateJobKey } from './job-key-calls.ts';
import { applyAll, INSTANCE, knownHost } from './known-host.ts';
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

const RUNNING = agentJob({ status: 'running' });

describe('a change for a host that pins the job key', () => {
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

  it('is signed also when it is the end of a job', async () => {
    await using host = await knownHost(world);
    host.guard(pinning());
    await applyAll(world, host.fqdn);
    const path = `/api/v1/jobs/${RUNNING.job_id}`;
    host.tell(path, RUNNING);
    await world.admin(`/hosts/${host.fqdn}/jobs/${RUNNING.job_id}/cancel`, {});
    const asked = host.asked.find((one) => one.method === 'DELETE');
    expect(jobOf(asked?.headers ?? {})).toMatchObject({ op: `DELETE ${path}`, instance: INSTANCE });
    expect(await recorded('job_cancel_requested')).toMatchObject([{ job: RUNNING.job_id, fqdn: host.fqdn }]);
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

  it('keeps the number of a host that has no time, so that a host with time for one request at a time gets a signed one', async () => {
    await using host = await knownHost(world);
    const wanted = pinning();
    let free = 1;
    host.guard((headers, body) => {
      free -= 1;
      return free < 0 ? { code: 'RATE_LIMIT_EXCEEDED', challenge: undefined } : wanted(headers, body);
    });
    const asked = applyAll(world, host.fqdn);
    await expect.poll(() => host.jobsAsked().length).toBe(2);
    free = 1;
    await expect.poll(() => world.advance(1_000).then(() => host.jobsAsked().length)).toBe(3);
    expect((await asked).status).toBe(202);
    const challenges = host.jobsAsked().map((one) => jobOf(one.headers)?.challenge.slice(-4));
    expect(challenges).toEqual([undefined, '0001', '0001']);
  });

  it('is signed anew for a host that heard of the present key while it refused the change', async () => {
    await using host = await knownHost(world);
    const wanted = pinning();
    let heard = false;
    host.guard((headers, body) => {
      const verdict = wanted(headers, body);
      if (heard || verdict.code !== undefined) return verdict;
      heard = true;
      return { ...verdict, code: 'SIGNATURE_INVALID' };
    });
    const pinned = (await jobKeyStatus(world)).fingerprint;
    host.say({ instance_id: INSTANCE, job_key: { pinned, by: 'join', foreign: null } });
    expect((await applyAll(world, host.fqdn)).status).toBe(202);
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
