import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { spkiFingerprint } from '@linux-patch/pki';
import { systemRandom } from '@linux-patch/runtime/node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createJoiningHost, FQDN, type JoiningHost, NOW } from './joining-host.ts';
import { type Answer, type OlderManager, startOlderManager, TOKEN } from './older-manager.ts';

/** What an agent does at each event of a manager of the older generation, in the order of an enrolment. */

const MINUTE_MS = 60_000;
const PENDING: Answer = { status: 200, body: { status: 'pending' } };
const LOST: Answer = { status: 200, body: { status: 'notfound' } };
const TAKEN: Answer = { status: 202, body: { polling_token: TOKEN } };
const DUPLICATE: Answer = { status: 500, body: { error: 'Database error' } };

let host: JoiningHost;
let manager: OlderManager;
/** Manual time of every request, milliseconds since the start. */
let askedAtMs: number[];

beforeEach(async () => {
  host = await createJoiningHost();
  manager = await startOlderManager(NOW);
  askedAtMs = [];
});
afterEach(async () => {
  await manager[Symbol.asyncDispose]();
  await host[Symbol.asyncDispose]();
});

const settings = () => ({
  managerUrl: new URL(manager.url),
  caFingerprint: spkiFingerprint(manager.rootPem),
});
const polls = () => manager.seen.filter((one) => one.path.includes('/status/'));
const registrations = () => manager.seen.filter((one) => one.path === '/api/v1/enroll');
const slowest = { ...systemRandom, fraction: () => 0.999 };

async function approved(extra: Record<string, unknown> = {}): Promise<Answer> {
  const bundle = await manager.bundle({ fqdn: FQDN, ipAddress: '127.0.0.1' });
  return { status: 200, body: { status: 'approved', ...bundle, ...extra } };
}

/** Enrols until there were so many polls; notes when each was. */
async function pollTimes(count: number, answer: Answer = PENDING): Promise<number[]> {
  manager.poll = [answer];
  const from = host.clock.now();
  let seen = 0;
  await host.enrol(settings(), () => {
    if (polls().length > seen) {
      seen = polls().length;
      askedAtMs.push(host.clock.now() - from);
    }
    return seen >= count;
  });
  return askedAtMs;
}

const gaps = (times: readonly number[]): number[] =>
  times.slice(1).map((time, index) => time - times[index]!);

describe('a registration with an older manager', () => {
  it('that is taken is known as one of the older generation, by the key of its connection', async () => {
    manager.poll = [PENDING];
    await host.enrol(settings(), () => polls().length >= 1);
    expect(await host.pending()).toMatchObject({
      generation: 'older',
      extension_seen: false,
      peer_spki: expect.stringMatching(/^[\w-]{40,}$/),
    });
  });

  it('that it answers with 500 because it knows the machine-id is no reason to forget a saved token', async () => {
    manager.poll = [PENDING];
    await host.enrol(settings(), () => polls().length >= 1);
    manager.register = [DUPLICATE];
    manager.poll = [PENDING, await approved()];
    expect(await host.enrol(settings())).toEqual({ kind: 'installed' });
    expect(registrations()).toHaveLength(1);
  });

  it('that it answers with 500 while the token is lost is tried less and less often, and a person reads what to do', async () => {
    manager.register = [DUPLICATE];
    await host.enrol({ ...settings(), random: slowest }, () => registrations().length >= 9);
    // 30 s, doubling, and then a quarter of an hour at most.
    expect(host.clock.now() - NOW).toBeGreaterThan(40 * MINUTE_MS);
    expect(host.clock.now() - NOW).toBeLessThan(75 * MINUTE_MS);
    expect((await host.pending())?.last_error).toMatch(/remove what is out of date.*25 hours/);
  });

  it.each([400, 415, 422])(
    'that it does not understand (%d) is sent once without the extension, then shown',
    async (status) => {
      manager.register = [{ status, text: 'missing field `machine_id`' }];
      await host.enrol(settings(), () => registrations().length >= 3);
      expect(registrations().map((one) => 'ext' in (JSON.parse(one.body) as object))).toEqual([
        true,
        false,
        false,
      ]);
      expect((await host.pending())?.last_error).toContain('missing field');
    },
  );

  it('that its first versions throttle without Retry-After is tried again', async () => {
    const early: Answer = { status: 429, body: { error: 'Rate limit exceeded. Try again in a minute.' } };
    manager.register = [early, early, TAKEN];
    manager.poll = [await approved()];
    expect(await host.enrol(settings())).toEqual({ kind: 'installed' });
  });
});

describe('waiting for an older manager', () => {
  it('means a poll a minute for half an hour, then fewer, down to one in four minutes', async () => {
    const times = await pollTimes(60);
    const early = gaps(times.filter((time) => time < 29 * MINUTE_MS));
    expect(Math.min(...early)).toBeGreaterThanOrEqual(47_000);
    expect(Math.max(...early)).toBeLessThanOrEqual(73_000);
    const late = gaps(times).slice(-15);
    expect(Math.min(...late)).toBeGreaterThanOrEqual(191_000);
    expect(Math.max(...late)).toBeLessThanOrEqual(289_000);
  });

  it('follows Retry-After of its limiter, a minute more at most, and never waits longer than an approval lives', async () => {
    const limited: Answer = {
      status: 429,
      text: 'Too Many Requests! Wait for 11s',
      headers: { 'retry-after': '11' },
    };
    const between = gaps(await pollTimes(30, limited));
    expect(Math.min(...between)).toBeGreaterThanOrEqual(11_000);
    expect(Math.max(...between)).toBeLessThanOrEqual(71_000);
    expect(host.said()).toContain('Too many hosts wait for approval behind this address');
    manager.poll = [PENDING];
    const [from, seen] = [host.clock.now(), polls().length];
    await host.enrol(settings(), () => polls().length > seen);
    expect(host.clock.now() - from).toBeLessThan(572_000);
  });

  it('ends with the reason when it denies, in each way its documents promise', async () => {
    const caFile = join(host.root, 'ca.pem');
    await writeFile(caFile, manager.rootPem);
    for (const answer of [
      { status: 200, body: { status: 'denied' } },
      { status: 403, body: { error: 'DENIED' } },
    ]) {
      manager.poll = [answer];
      expect(await host.enrol({ managerUrl: new URL(manager.url), caFile })).toMatchObject({
        kind: 'denied',
      });
      expect(await host.pending()).toBeUndefined();
    }
  });

  it('that denies without a proof is asked on with the same token after a start: its answer comes only with that', async () => {
    const tofu = { managerUrl: new URL(manager.url), trust: 'tofu' as const };
    manager.poll = [{ status: 200, body: { status: 'denied' } }];
    await host.enrol(tofu, () => polls().length >= 2);
    manager.poll = [await approved()];
    expect(await host.enrol(tofu)).toEqual({ kind: 'installed' });
    expect(registrations()).toHaveLength(1);
  });

  it.each([
    ['before it was ever pending', []],
    ['after it was pending', [PENDING, PENDING]],
  ])(
    'that answers notfound %s is recorded as a lost request, and the host asks anew',
    async (_when, before) => {
      manager.poll = [...before, LOST, await approved()];
      expect(await host.enrol(settings())).toEqual({ kind: 'installed' });
      expect(host.audited.filter((one) => one.event === 'enrollment_request_lost')).toHaveLength(1);
      expect(registrations()).toHaveLength(2);
    },
  );
});

describe('the approval of an older manager', () => {
  it.each<[string, Record<string, unknown>]>([
    ['of the first versions: three members', {}],
    ['of the later versions: with chain and list', { ca_chain: 'CA', crl_pem: '' }],
    ['with null for what it does not have', { repo_config: null }],
    ['with a repository nobody asked for', { repo_config: { gpg_public_key: 'x', sources_config: 'y' } }],
  ])("%s is installed, and its key is known to be the manager's", async (_what, extra) => {
    const more = extra.ca_chain === 'CA' ? { ...extra, ca_chain: manager.rootPem } : extra;
    manager.poll = [PENDING, await approved(more)];
    expect(await host.enrol(settings())).toEqual({ kind: 'installed' });
    expect(host.audited.find((one) => one.event === 'identity_installed')?.fields).toMatchObject({
      key_origin: 'manager',
    });
  });

  it('that breaks off on the way is gone: the host asks anew, and a person reads that the host has to be deleted first', async () => {
    const whole = JSON.stringify((await approved()).body);
    const broken: Answer = {
      status: 200,
      text: whole.slice(0, 300),
      headers: { 'content-type': 'application/json', 'content-length': String(whole.length) },
      breakOff: true,
    };
    manager.poll = [broken, LOST, PENDING, await approved()];
    expect(await host.enrol(settings())).toEqual({ kind: 'installed' });
    expect(registrations()).toHaveLength(2);
    expect(host.said()).toContain('delete the host on the manager first');
    expect(host.said()).not.toContain('PRIVATE KEY');
  });

  it('is believed at first sight with tofu, but not with another CA later: the old certificates stay', async () => {
    const tofu = { managerUrl: new URL(manager.url), trust: 'tofu' } as const;
    manager.poll = [await approved()];
    expect(await host.enrol(tofu)).toEqual({ kind: 'installed' });
    const before = await host.serial();
    const port = Number(new URL(manager.url).port);
    await manager[Symbol.asyncDispose]();
    manager = await startOlderManager(NOW, port);
    manager.poll = [await approved()];
    const outcome = await host.enrol(tofu, () => host.said().includes('another CA'));
    expect(outcome).toEqual({ kind: 'stopped' });
    expect(host.said()).toContain(`comes with another CA (${spkiFingerprint(manager.rootPem)})`);
    expect(await host.pending()).toMatchObject({ state: 'needs_person' });
    expect(await host.serial()).toBe(before);
    expect(await host.status()).toBe('valid');
    // A person's word changes that.
    manager.poll = [await approved()];
    expect(await host.enrol(settings())).toEqual({ kind: 'installed' });
    expect(await host.serial()).not.toBe(before);
  });

  it('is not fetched while the clock is wrong, because it is given only once', async () => {
    manager.poll = [await approved()];
    const clockWatch = {
      verdict: { state: 'bad' as const, message: "This host's clock is 6 h 0 min behind." },
      heard: () => {},
      moved: () => new Promise<void>(() => {}),
    };
    await host.enrol({ ...settings(), clockWatch }, () => host.said().includes('gives only once'));
    expect(polls()).toEqual([]);
    expect(await host.enrol(settings())).toEqual({ kind: 'installed' });
    expect(registrations()).toHaveLength(1);
  });
});
