import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { HostJobKey, SignedJob } from '@linux-patch/contract';
import { generateJobKey, jobKeyFingerprint, jobPublicKey, signJob } from '@linux-patch/pki';
import { systemFiles, systemRandom } from '@linux-patch/runtime/node';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sayChallengeFaults } from './challenge-faults.ts';
import { openChallenges } from './challenges.ts';
import { createSignatureGate, type SignatureGate } from './gate.ts';
import type { Pin } from './pinned-key.ts';
import type { ChangeRequest } from './verify.ts';

const NAMES = ['web1.example.test', '192.0.2.7'];
const INSTANCE = '5b0f3a52-8f6d-4c0e-9d61-2f7b1f0c8a11';
const LINE = 'POST /api/v1/patches/apply';
const BODY = Buffer.from('{"all":true}');

let ours: string;
let foreign: string;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let pin: HostJobKey & Partial<Pin>;
let boot: { id: string | null; ageMs: number };
let gate: SignatureGate;

/** A gate of its own process: nothing is shared but the folder. */
function openGate(): SignatureGate {
  return createSignatureGate({
    pin: async () => pin,
    challenges: openChallenges({
      folder: join(folder.path, 'run'),
      files: systemFiles,
      random: systemRandom,
      boot: async () => boot,
    }),
    own: () => ({ names: NAMES, instanceId: INSTANCE }),
  });
}

beforeAll(async () => {
  [ours, foreign] = await Promise.all([generateJobKey(), generateJobKey()]);
});
beforeEach(async () => {
  folder = await temporaryFolder();
  pin = { pinned: jobKeyFingerprint(jobPublicKey(ours)), by: 'join', foreign: null };
  boot = { id: 'first-boot', ageMs: 60_000 };
  gate = openGate();
});
afterEach(() => folder[Symbol.asyncDispose]());

const challengeOf = async (): Promise<string> => (await gate.nextChallenge()) ?? '';

/** A change as a manager sends it. */
function signed(
  challenge: string,
  change: { readonly job?: Partial<SignedJob>; readonly key?: string; readonly body?: Uint8Array } = {},
): ChangeRequest {
  const { key = ours, body = BODY } = change;
  const job: SignedJob = {
    v: 1,
    key: jobPublicKey(key),
    host: NAMES[0]!,
    instance: INSTANCE,
    op: LINE,
    idem: 'change-1',
    challenge,
    ...change.job,
  };
  return { line: LINE, body, idempotencyKey: 'change-1', ...signJob(key, job, body) };
}

/** Goes the way of a change: its signature, then the number in it. */
async function attempt(request: ChangeRequest, through: SignatureGate = gate): Promise<string> {
  try {
    const admission = await through.admit(request, 'always');
    await admission.spend();
    return 'done';
  } catch (error) {
    return (error as { readonly code?: string }).code ?? String(error);
  }
}

const UNSIGNED: ChangeRequest = {
  line: LINE,
  body: BODY,
  idempotencyKey: undefined,
  job: undefined,
  signature: undefined,
};

describe('a change on a host that pins a job key', () => {
  it('is done when the key signed it over a number that this host gave', async () => {
    expect(await attempt(signed(await challengeOf()))).toBe('done');
  });

  it('is not done without a signature', async () => {
    expect(await attempt(UNSIGNED)).toBe('SIGNATURE_REQUIRED');
  });

  it('is let through without one only as far as nothing is spent', async () => {
    const admission = await gate.admit(UNSIGNED, 'when_spent');
    await expect(admission.spend()).rejects.toMatchObject({ code: 'SIGNATURE_REQUIRED' });
  });

  it('is not done a second time: its number was used before the change began', async () => {
    const request = signed(await challengeOf());
    const admission = await gate.admit(request, 'always');
    await admission.spend();
    expect(await attempt(request)).toBe('CHALLENGE_UNKNOWN');
    const [present] = await readdir(join(folder.path, 'run'));
    expect(await readdir(join(folder.path, 'run', present!))).toEqual([]);
  });

  it.each<[string, string, (challenge: string) => ChangeRequest]>([
    ['another key', 'SIGNATURE_INVALID', (one) => signed(one, { key: foreign })],
    [
      'another key that names the pinned one',
      'SIGNATURE_INVALID',
      (one) => signed(one, { key: foreign, job: { key: jobPublicKey(ours) } }),
    ],
    ['another host', 'SIGNATURE_INVALID', (one) => signed(one, { job: { host: 'web2.example.test' } })],
    [
      'another instance, as on a copy of the disk',
      'INSTANCE_MISMATCH',
      (one) => signed(one, { job: { instance: 'f3b1c0de-0000-4000-8000-000000000000' } }),
    ],
    ['another route', 'SIGNATURE_INVALID', (one) => signed(one, { job: { op: 'POST /api/v1/packages' } })],
    ['another query', 'SIGNATURE_INVALID', (one) => signed(one, { job: { op: `${LINE}?force=true` } })],
    ['another name of the change', 'SIGNATURE_INVALID', (one) => signed(one, { job: { idem: 'change-2' } })],
    ['another number', 'CHALLENGE_UNKNOWN', () => signed('A'.repeat(22))],
    [
      'another body',
      'SIGNATURE_INVALID',
      (one) => ({ ...signed(one), body: Buffer.from('{"all":true,"reboot":true}') }),
    ],
    [
      'the same text with a byte order mark',
      'SIGNATURE_INVALID',
      (one) => ({ ...signed(one), body: Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), BODY]) }),
    ],
    [
      'members that nobody knows',
      'SIGNATURE_INVALID',
      (one) => signed(one, { job: { more: true } as never }),
    ],
    ['another version', 'SIGNATURE_INVALID', (one) => signed(one, { job: { v: 2 } as never })],
    ['nothing that can be read', 'SIGNATURE_INVALID', (one) => ({ ...signed(one), job: '!' })],
    ['a header without end', 'SIGNATURE_INVALID', (one) => ({ ...signed(one), job: 'A'.repeat(100_000) })],
    ['a signature alone', 'SIGNATURE_INVALID', (one) => ({ ...signed(one), job: undefined })],
    [
      'no signature beside what it is over',
      'SIGNATURE_INVALID',
      (one) => ({ ...signed(one), signature: undefined }),
    ],
  ])('is not done for a signature over %s', async (_what, code, request) => {
    const challenge = await challengeOf();
    expect(await attempt(request(challenge))).toBe(code);
    // What was refused has not used the number up.
    expect(await attempt(signed(challenge))).toBe('done');
  });

  it('is not done when any byte of it was altered', async () => {
    const challenge = await challengeOf();
    const right = signed(challenge);
    for (const part of ['job', 'signature', 'body'] as const) {
      const bytes = part === 'body' ? BODY : Buffer.from(right[part] ?? '', 'base64url');
      for (let at = 0; at < bytes.length; at += 1) {
        const altered = Buffer.from(bytes);
        altered[at] = (altered[at] ?? 0) ^ 1;
        const request = { ...right, [part]: part === 'body' ? altered : altered.toString('base64url') };
        expect([part, at, await attempt(request)]).toEqual([part, at, 'SIGNATURE_INVALID']);
      }
    }
    expect(await attempt(right)).toBe('done');
  });

  it('is not done when a byte moved between what is signed and the body', async () => {
    const right = signed(await challengeOf());
    const header = Buffer.from(right.job ?? '', 'base64url');
    const moved = {
      ...right,
      job: header.subarray(0, -1).toString('base64url'),
      body: Buffer.concat([header.subarray(-1), BODY]),
    };
    expect(await attempt(moved)).toBe('SIGNATURE_INVALID');
  });

  it('is not done over a number from before a reboot, also where /run is kept', async () => {
    const request = signed(await challengeOf());
    boot = { id: 'second-boot', ageMs: 61_000 };
    expect(await attempt(request)).toBe('CHALLENGE_UNKNOWN');
    expect(await attempt(signed(await challengeOf()))).toBe('done');
    expect(await readdir(join(folder.path, 'run'))).toEqual(['boot-second-boot']);
  });

  it('is not done over a number that is older than an hour of this boot, sleep included', async () => {
    const request = signed(await challengeOf());
    boot = { ...boot, ageMs: boot.ageMs + 3_600_001 };
    expect(await attempt(request)).toBe('CHALLENGE_UNKNOWN');
  });

  it('takes numbers in any order, of several managers with one key, and of several processes', async () => {
    const [one, two, three] = [await challengeOf(), await challengeOf(), await challengeOf()];
    expect(await attempt(signed(three))).toBe('done');
    expect(await attempt(signed(one), openGate())).toBe('done');
    expect(await attempt(signed(two))).toBe('done');
  });

  it('is done once when two ask at the same time with one number', async () => {
    const request = signed(await challengeOf());
    const results = await Promise.all([attempt(request), attempt(request, openGate()), attempt(request)]);
    expect(results.toSorted()).toEqual(['CHALLENGE_UNKNOWN', 'CHALLENGE_UNKNOWN', 'done']);
  });

  it('keeps 32 numbers, so that who asks for more takes the oldest away', async () => {
    const first = await challengeOf();
    boot = { ...boot, ageMs: boot.ageMs + 1 };
    const second = await challengeOf();
    boot = { ...boot, ageMs: boot.ageMs + 1 };
    for (let more = 0; more < 31; more += 1) await challengeOf();
    expect(await attempt(signed(first))).toBe('CHALLENGE_UNKNOWN');
    expect(await attempt(signed(second))).toBe('done');
  });

  it('needs no clock that is right: nothing signed has a date', async () => {
    const { job } = signed(await challengeOf());
    const members = Object.keys(JSON.parse(Buffer.from(job ?? '', 'base64url').toString()) as object);
    expect(members).toEqual(['v', 'key', 'host', 'instance', 'op', 'idem', 'challenge']);
  });

  it('counts by the address of a host as by its name', async () => {
    expect(await attempt(signed(await challengeOf(), { job: { host: NAMES[1]! } }))).toBe('done');
  });

  it('says to root which key was shown, and how to trust it', async () => {
    const shown = jobKeyFingerprint(jobPublicKey(foreign));
    const asked = gate.admit(signed(await challengeOf(), { key: foreign }), 'always');
    const { message } = await asked.then(
      () => new Error('it was admitted'),
      (error: Error) => error,
    );
    expect(message).toContain(`linux-patch-api trust-job-key ${shown}`);
    expect(message).toContain(pin.pinned);
  });
});

it('a host that pins no key does unsigned changes and gives no numbers', async () => {
  const request = signed(await challengeOf());
  pin = { pinned: null, by: null, foreign: null };
  expect(await attempt(UNSIGNED)).toBe('done');
  expect(await attempt(request)).toBe('done');
  expect(await gate.nextChallenge()).toBeUndefined();
});

it('a host that can write no numbers says which folder and why, once in its log until that is mended', async () => {
  const path = join(folder.path, 'run');
  const base = { folder: path, files: systemFiles, random: systemRandom, boot: async () => boot };
  const challenges = sayChallengeFaults(openChallenges(base), path);
  await writeFile(path, 'in the way');
  await expect(challenges.issue()).rejects.toMatchObject({
    code: 'SERVICE_UNHEALTHY',
    message: expect.stringMatching(/run cannot be written.*(ENOTDIR|EEXIST)/) as string,
  });
  await rm(path);
  expect(await challenges.use(await challenges.issue())).toBe(true);
});

it('numbers are kept where only their owner looks', async () => {
  await challengeOf();
  expect((await systemFiles.facts(join(folder.path, 'run')))?.mode).toBe(0o700);
});

it('advises root to trust the key of a strange signature, and never one whose place another took', async () => {
  const strange = jobKeyFingerprint(jobPublicKey(foreign));
  const words = async () =>
    gate.admit(signed(await challengeOf(), { key: foreign }), 'always').then(
      () => 'it was let in',
      (error: Error) => error.message,
    );
  expect(await words()).toContain(`trust-job-key ${strange}`);
  pin = { ...pin, replaced: [strange] };
  const said = await words();
  expect(said).toContain('took its place on this host');
  expect(said).not.toContain(`trust-job-key ${strange}`);
});
