import { execFile } from 'node:child_process';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import {
  type Host,
  type HostJobKey,
  type JobKeyOffer,
  type JobKeyStatus,
  SignedJob,
  TrustBundle,
} from '@linux-patch/contract';
import {
  isJobSignedBy,
  isVouchedFor,
  jobKeyFingerprint,
  leadsToJobKey,
  parseCertificates,
} from '@linux-patch/pki';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newAgent } from './agents.ts';
import { applyAll, dataOf, INSTANCE, knownHost } from './known-host.ts';
import { joinListening, LISTENING } from './listening-agent.ts';
import { startWorld, TESTER, type World } from './world.ts';

let world: World;
beforeEach(async () => {
  world = await startWorld({ ...LISTENING, fleet: { poll_minutes: 60 } });
});
afterEach(() => world[Symbol.asyncDispose]());

const PROGRAM = join(import.meta.dirname, '../../../bin/linux-patch-manager');

/** Runs a program to its end. */
function run(program: string, args: readonly string[]) {
  return new Promise<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string }>(
    (resolve) => {
      execFile(program, [...args], (error, stdout, stderr) => {
        resolve({ exitCode: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
      });
    },
  );
}

const keyFile = () => join(world.paths.caFolder, 'job-key.json');
const status = async () => dataOf<JobKeyStatus>(await world.admin('/job-key'));
const rotate = async () => dataOf<JobKeyStatus>(await world.admin('/job-key/rotation', {}));

async function eventsOf(event: string) {
  const rows = await world.database.db
    .selectFrom('audit')
    .select(['actor', 'fields'])
    .where('event', '=', event)
    .orderBy('seq')
    .execute();
  return rows.map((row) => ({ actor: row.actor, ...(JSON.parse(row.fields) as object) }));
}

async function offered(): Promise<JobKeyOffer> {
  const { text } = await world.call({ path: '/api/v1/pki/trust' });
  return TrustBundle.parse(JSON.parse(text)).job_key!;
}

describe('the job key', () => {
  it('is made with the CA, for nobody but the manager to read, and the CA vouches for it', async () => {
    expect((await stat(keyFile())).mode & 0o777).toBe(0o600);
    const offer = await offered();
    const { fingerprint } = await status();
    expect(jobKeyFingerprint(offer.key)).toBe(fingerprint);
    expect(isVouchedFor(offer, parseCertificates(world.caPem))).toBe(true);
    expect(await eventsOf('job_key_made')).toEqual([]);
  });

  it('comes with the certificate of each host that joins', async () => {
    const bundle = await (await newAgent(world)).join();
    expect(bundle.ext?.job_key?.key).toBe((await offered()).key);
  });

  it('is made at the start of a manager from before there was one, which is on record', async () => {
    await world.restart(() => rm(keyFile()));
    const { fingerprint } = await status();
    expect(await eventsOf('job_key_made')).toEqual([{ actor: 'manager', fingerprint }]);
    expect((await stat(keyFile())).mode & 0o777).toBe(0o600);
    await world.restart();
    expect((await status()).fingerprint).toBe(fingerprint);
    expect(await eventsOf('job_key_made')).toHaveLength(1);
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
    expect(await eventsOf('job_key_rotated')).toEqual([
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
  expect(await eventsOf('job_key_rotated')).toMatchObject([
    { previous: first.fingerprint, fingerprint: last.former[1] },
    { previous: last.former[1], fingerprint: last.fingerprint },
  ]);
  await world.restart();
  expect((await status()).fingerprint).toBe(last.fingerprint);
});

/** A host that was asked for its health, and said this of the key that it pins. */
const hostThatSays = (jobKey: HostJobKey | undefined) =>
  knownHost(world, { instance_id: INSTANCE, ...(jobKey ? { job_key: jobKey } : {}) });

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

describe('a lost job key', { timeout: 60_000 }, () => {
  const wordsOfStart = () =>
    world
      .restart(() => rm(keyFile(), { force: true }))
      .then(
        () => 'it started',
        (error: Error) => error.message,
      );
  const make = () => {
    const root = world.paths.dataFolder.replace(/var\/lib\/linux_patch_manager$/, '');
    return run(PROGRAM, ['--root', root, 'job-key', 'make', '--json']);
  };

  it('keeps the manager from starting while a host on record pins it: only the backup or a word brings it up', async () => {
    const { fingerprint } = await status();
    const backup = await readFile(keyFile());
    await using host = await hostThatSays({ pinned: fingerprint, by: 'join', foreign: null });
    const words = await wordsOfStart();
    for (const said of [keyFile(), fingerprint, host.fqdn, 'Nothing was changed', 'from your backup'])
      expect(words).toContain(said);
    expect(words).toContain('linux-patch-manager job-key make');
    expect(words).toContain('linux-patch-api trust-job-key');
    await expect(stat(keyFile())).rejects.toThrow('ENOENT');
    expect(await wordsOfStart()).toBe(words);
    await world.restart(() => writeFile(keyFile(), backup, { mode: 0o600 }));
    expect((await status()).fingerprint).toBe(fingerprint);
    expect(await eventsOf('job_key_made')).toEqual([]);
    expect(await eventsOf('job_key_replaced')).toEqual([]);
  });

  it('is not made anew either for hosts that joined and were never asked since', async () => {
    await using host = await joinListening(world, false);
    expect(await wordsOfStart()).toContain(host.fqdn);
    await world.restart(async () => expect((await make()).exitCode).toBe(0));
  });

  it('is made anew by itself where no host pins it: those that left, have an older agent, or pin none', async () => {
    const { fingerprint } = await status();
    await using older = await knownHost(world);
    await using free = await hostThatSays({ pinned: null, by: 'root', foreign: null });
    await using gone = await hostThatSays({ pinned: fingerprint, by: 'join', foreign: null });
    await world.database.db
      .updateTable('hosts')
      .set({ left_at: world.clock.now() })
      .where('fqdn', '=', gone.fqdn)
      .execute();
    expect([older.fqdn, free.fqdn, await wordsOfStart()]).toContain('it started');
    expect(await eventsOf('job_key_made')).toMatchObject([{ actor: 'manager' }]);
  });

  it('is made anew by the word of the administrator, which says what is to be done on hosts and is on record', async () => {
    const { fingerprint: lost } = await status();
    await using host = await hostThatSays({ pinned: lost, by: 'join', foreign: null });
    await wordsOfStart();
    const made = await make();
    expect(made.exitCode, made.stderr).toBe(0);
    const { fingerprint } = JSON.parse(made.stdout) as { fingerprint: string };
    expect((await stat(keyFile())).mode & 0o777).toBe(0o600);
    await world.restart();
    expect((await status()).fingerprint).toBe(fingerprint);
    expect(fingerprint).not.toBe(lost);
    expect(await eventsOf('job_key_replaced')).toEqual([{ actor: 'manager', fingerprint, previous: lost }]);
    expect(dataOf<Host>(await world.admin(`/hosts/${host.fqdn}`)).job_key.state).toBe('foreign');
    await world.restart();
    expect(await eventsOf('job_key_replaced')).toHaveLength(1);
  });

  it('that is none is left alone by that word, with the server up or down', async () => {
    const before = await readFile(keyFile(), 'utf8');
    const up = await make();
    expect([up.exitCode, up.stderr]).toEqual([5, expect.stringContaining('job-key rotate')]);
    await rm(keyFile());
    expect((await make()).exitCode).toBe(5);
    await expect(stat(keyFile())).rejects.toThrow('ENOENT');
    let down: Awaited<ReturnType<typeof make>> | undefined;
    await world.restart(async () => {
      await writeFile(keyFile(), before, { mode: 0o600 });
      down = await make();
    });
    expect([down?.exitCode, down?.stderr]).toEqual([5, expect.stringContaining('Nothing was changed')]);
    expect(await readFile(keyFile(), 'utf8')).toBe(before);
  });

  it('whose file went while the manager runs comes back with the next rotation, which hosts follow', async () => {
    const { fingerprint } = await status();
    await rm(keyFile());
    const { former } = await rotate();
    expect(former).toEqual([fingerprint]);
    await world.restart();
    expect(leadsToJobKey(fingerprint, await offered())).toBe(true);
  });
});

it('a rotation that a crash kept out of the record is recorded at the next start, as the rotation that it was', async () => {
  const first = await status();
  const next = await rotate();
  await world.restart(async () => {
    await world.database.db
      .updateTable('settings')
      .set({ value: first.fingerprint })
      .where('name', '=', 'job_key')
      .execute();
  });
  expect((await eventsOf('job_key_rotated')).at(-1)).toEqual({
    actor: 'manager',
    fingerprint: next.fingerprint,
    previous: first.fingerprint,
  });
});

describe('what hosts pin', { timeout: 60_000 }, () => {
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
      await using host = await hostThatSays(said);
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
    expect(await eventsOf('job_key_offered')).toMatchObject([
      { fqdn: host.fqdn, pinned: fingerprint, by: 'first_sight' },
    ]);
  });

  it('is told of a new key at once, in a round of its own', async () => {
    const before = await status();
    await using host = await hostThatSays({ pinned: before.fingerprint, by: 'join', foreign: null });
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
    expect(await eventsOf('job_key_offered')).toEqual([]);
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
    expect(await eventsOf('job_key_offered')).toEqual([]);
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
