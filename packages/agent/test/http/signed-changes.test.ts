import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type HostJobKey,
  type Job,
  type JobAccepted,
  PatchError,
  type SignedJob,
} from '@linux-patch/contract';
import { generateJobKey, jobKeyFingerprint, jobPublicKey, signJob } from '@linux-patch/pki';
import type { Executor } from '@linux-patch/worker';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Answer, call, startWorld, type World } from './world.ts';
import { INSTANCE_ID } from './world-services.ts';

const NAME = 'localhost';
const UNPINNED: HostJobKey = { pinned: null, by: null, foreign: null };

let ours: string;
let pin: () => Promise<HostJobKey>;
let world: World;
/** Ends the work of every job. */
let finish: () => void;
/** What a job does before it waits for that. */
let begin: (context: Parameters<Executor>[1]) => void;

beforeAll(async () => {
  ours = await generateJobKey();
});
beforeEach(async () => {
  pin = async () => ({ pinned: jobKeyFingerprint(jobPublicKey(ours)), by: 'join', foreign: null });
  begin = () => {};
  const end = Promise.withResolvers<void>();
  finish = end.resolve;
  world = await startWorld({
    jobKey: () => pin(),
    async execute(_request, context) {
      begin(context);
      await Promise.race([
        end.promise,
        new Promise((_resolve, reject) =>
          context.signal.addEventListener('abort', () => reject(context.signal.reason as Error)),
        ),
      ]);
      return { message: 'done' };
    },
  });
});
afterEach(async () => {
  finish();
  await world[Symbol.asyncDispose]();
});

const challengeIn = (answer: Answer): string => String(answer.headers['linux-patch-challenge']);
const codeOf = ({ status, envelope }: Answer) => [status, envelope.error?.code ?? null];
const jobOf = ({ envelope }: Answer) => (envelope.data as JobAccepted).job_id;

interface Wish {
  readonly method?: string;
  readonly path?: string;
  readonly body?: string;
  readonly idem?: string;
}

/** Headers of a signature over this wish. */
function signatureOver(challenge: string, wish: Wish, job: Partial<SignedJob> = {}, key = ours) {
  const { method = 'POST', path = '/api/v1/patches/apply', body = '{"all":true}', idem = 'change-1' } = wish;
  const header: SignedJob = {
    v: 1,
    key: jobPublicKey(key),
    host: NAME,
    instance: INSTANCE_ID,
    op: `${method} ${path}`,
    idem,
    challenge,
    ...job,
  };
  const signed = signJob(key, header, Buffer.from(body));
  return {
    'idempotency-key': idem,
    'linux-patch-job': signed.job,
    'linux-patch-job-signature': signed.signature,
  };
}

function send(wish: Wish, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  const { method = 'POST', path = '/api/v1/patches/apply', body = '{"all":true}' } = wish;
  return call(world, path, {
    method,
    headers: { ...headers, ...(body === '' ? {} : { 'content-type': 'application/json' }) },
    ...(body === '' ? {} : { body }),
  });
}

/** A number to sign, as the refusal of an unsigned change brings it. */
const nextChallenge = async (): Promise<string> => challengeIn(await send({}));

async function signedSend(wish: Wish = {}): Promise<Answer> {
  return send(wish, signatureOver(await nextChallenge(), wish));
}

describe('a host that pins a job key', () => {
  it.each<[string, Wish]>([
    ['an update of everything', {}],
    ['an installation', { path: '/api/v1/packages', body: '{"packages":[{"name":"beta"}]}' }],
    ['an update', { method: 'PUT', path: '/api/v1/packages/alpha', body: '{}' }],
    ['a removal', { method: 'DELETE', path: '/api/v1/packages/alpha?purge=true', body: '' }],
    ['a hold', { path: '/api/v1/packages/hold', body: '{"packages":["alpha"]}' }],
    ['the end of a hold', { path: '/api/v1/packages/unhold', body: '{"packages":["alpha"]}' }],
  ])('does %s only when it is signed', async (_what, wish) => {
    expect(codeOf(await send(wish))).toEqual([403, 'SIGNATURE_REQUIRED']);
    expect(world.jobs.list()).toEqual([]);
    expect(codeOf(await signedSend(wish))).toEqual([202, null]);
    expect(world.jobs.list()).toHaveLength(1);
  });

  it('restarts a service only when that is signed, and its policy allows it', async () => {
    const wish = { path: '/api/v1/system/services/cron.service/restart', body: '' };
    expect(codeOf(await send(wish))).toEqual([403, 'SIGNATURE_REQUIRED']);
    const denied = await signedSend(wish);
    expect(codeOf(denied)).toEqual([403, 'POLICY_DENIED']);
    expect(denied.envelope.error?.details).toMatchObject({ policy: { rule: 'allowed_operations' } });
    await writeFile(join(world.folder, 'policy.yaml'), 'allowed_operations: [restart-service]\n', {
      mode: 0o600,
    });
    const bus = { ...wish, path: '/api/v1/system/services/dbus.service/restart' };
    expect(codeOf(await signedSend(bus))).toEqual([409, 'SERVICE_RESTART_REFUSED']);
    expect(world.jobs.list()).toEqual([]);
    const signed = signatureOver(await nextChallenge(), wish);
    expect(codeOf(await send(wish, signed))).toEqual([202, null]);
    const listed = (await call(world, '/api/v1/jobs')).envelope.data;
    expect(listed).toMatchObject({ jobs: [{ operation: 'restart_service', service: 'cron.service' }] });
    // The same bytes are the same job; for another service they are nothing.
    expect(codeOf(await send(wish, signed))).toEqual([202, null]);
    const other = { ...wish, path: '/api/v1/system/services/ssh.service/restart' };
    expect(codeOf(await send(other, signed))).toEqual([403, 'SIGNATURE_INVALID']);
    expect(world.jobs.list()).toHaveLength(1);
  });

  it('says in the audit trail which key signed', async () => {
    const signer = async () =>
      (await world.audited()).findLast((one) => one.event === 'api_call')?.details?.['signed_by'];
    await send({});
    expect(await signer()).toBeUndefined();
    await signedSend();
    expect(await signer()).toBe(jobKeyFingerprint(jobPublicKey(ours)));
  });

  it('says in the job itself which key signed, and of an unsigned one that none did', async () => {
    const signer = async (answer: Answer) => {
      const { job_id } = answer.envelope.data as { job_id: string };
      return ((await call(world, `/api/v1/jobs/${job_id}`)).envelope.data as Job).signed_by;
    };
    expect(await signer(await signedSend())).toBe(jobKeyFingerprint(jobPublicKey(ours)));
    pin = async () => UNPINNED;
    expect(await signer(await send({}))).toBeNull();
  });

  it('looks at the signature before it parses a byte of the body', async () => {
    expect(codeOf(await send({ body: '{' }))).toEqual([403, 'SIGNATURE_REQUIRED']);
    const challenge = await nextChallenge();
    const headers = signatureOver(challenge, {});
    expect(codeOf(await send({ body: '{' }, headers))).toEqual([403, 'SIGNATURE_INVALID']);
    expect(codeOf(await signedSend({ body: '{' }))).toEqual([400, 'INVALID_REQUEST']);
  });

  it('brings with each answer the number for the next signature', async () => {
    const first = await signedSend();
    const second = await send({}, signatureOver(challengeIn(first), { idem: 'change-2' }));
    expect(codeOf(second)).toEqual([202, null]);
    expect(challengeIn(second)).toMatch(/^[\w-]{22}$/);
    const reading = await call(world, '/api/v1/packages');
    expect(reading.status).toBe(200);
    expect(reading.headers).not.toHaveProperty('linux-patch-challenge');
  });

  it('takes a repetition of a change for the job that it was, and gives it no second number', async () => {
    const headers = signatureOver(await nextChallenge(), {});
    const first = await send({}, headers);
    const again = await send({}, headers);
    expect(jobOf(again)).toBe(jobOf(first));
    const anew = await send({}, signatureOver(challengeIn(again), {}));
    expect(jobOf(anew)).toBe(jobOf(first));
    expect(world.jobs.list()).toHaveLength(1);
  });

  it('does not begin a second job with a signature that was recorded', async () => {
    const headers = signatureOver(await nextChallenge(), {});
    const { job_id: id } = (await send({}, headers)).envelope.data as JobAccepted;
    finish();
    await expect.poll(() => world.jobs.find(id)?.status).toBe('completed');
    await call(world, `/api/v1/jobs/${id}`, { method: 'DELETE' });
    const replayed = await send({}, headers);
    expect(codeOf(replayed)).toEqual([409, 'CHALLENGE_UNKNOWN']);
    expect(world.jobs.list()).toEqual([]);
    expect(codeOf(await send({}, signatureOver(challengeIn(replayed), {})))).toEqual([202, null]);
  });

  it('does nothing for a key that it does not pin, another host, or another instance', async () => {
    const foreign = await generateJobKey();
    const wrong = async (job: Partial<SignedJob>, key?: string) =>
      codeOf(await send({}, signatureOver(await nextChallenge(), {}, job, key)));
    expect(await wrong({}, foreign)).toEqual([403, 'SIGNATURE_INVALID']);
    expect(await wrong({ host: 'web2.example.test' })).toEqual([403, 'SIGNATURE_INVALID']);
    expect(await wrong({ instance: 'f3b1c0de-0000-4000-8000-000000000000' })).toEqual([
      410,
      'INSTANCE_MISMATCH',
    ]);
    expect(world.jobs.list()).toEqual([]);
  });

  it('refuses headers of a signature that came twice, because others may read them otherwise', async () => {
    const headers = signatureOver(await nextChallenge(), {});
    const twice = { ...headers, 'linux-patch-job': [headers['linux-patch-job'], 'AA'] as never };
    expect(codeOf(await send({}, twice))).toEqual([400, 'INVALID_REQUEST']);
  });

  it('lets anybody it knows cancel what waits, and a job that changes packages only by signature', async () => {
    begin = (context) => context.report.phase('refreshing', 'Asking the sources');
    const refreshing = jobOf(await signedSend());
    await expect.poll(() => world.jobs.find(refreshing)?.state).toBe('refreshing');
    expect((await call(world, `/api/v1/jobs/${refreshing}`, { method: 'DELETE' })).status).toBe(200);
    const working = Promise.withResolvers<void>();
    begin = () => working.resolve();
    const running = jobOf(await signedSend({ idem: 'change-2' }));
    await working.promise;
    expect(world.jobs.find(running)?.state).toBe('running');
    const wish = { method: 'DELETE', path: `/api/v1/jobs/${running}`, body: '', idem: 'stop-1' };
    const refused = await send(wish);
    expect(codeOf(refused)).toEqual([403, 'SIGNATURE_REQUIRED']);
    expect(world.jobs.find(running)?.state).toBe('running');
    expect(codeOf(await send(wish, signatureOver(challengeIn(refused), wish)))).toEqual([200, null]);
    await expect.poll(() => world.jobs.find(running)?.status).toBe('cancelled');
  });

  it('does nothing while it cannot be read which key that is', async () => {
    const headers = signatureOver(await nextChallenge(), {});
    pin = () => Promise.reject(new PatchError('SERVICE_UNHEALTHY', 'it cannot be read'));
    expect(codeOf(await send({}, headers))).toEqual([503, 'SERVICE_UNHEALTHY']);
    expect(codeOf(await send({}))).toEqual([503, 'SERVICE_UNHEALTHY']);
    const { data } = (await call(world, '/api/v1/health')).envelope;
    expect(data).toMatchObject({ status: 'degraded', checks: { job_key: 'it cannot be read' } });
    expect(data).not.toHaveProperty('job_key');
  });

  it('says that it has no number to sign, and not that a signature is missing', async () => {
    const challenges = join(world.folder, 'challenges');
    await writeFile(challenges, 'in the way');
    const refused = await send({});
    expect(codeOf(refused)).toEqual([503, 'SERVICE_UNHEALTHY']);
    expect(refused.envelope.error?.message).toContain(challenges);
    expect(codeOf(await send({}, signatureOver('A'.repeat(22), {})))).toEqual([503, 'SERVICE_UNHEALTHY']);
    await rm(challenges);
    expect(codeOf(await signedSend())).toEqual([202, null]);
  });
});

describe('a host that pins no job key', () => {
  beforeEach(() => {
    pin = async () => UNPINNED;
  });

  it('does unsigned changes, and signed ones without looking at the signature', async () => {
    const answer = await send({});
    expect(codeOf(answer)).toEqual([202, null]);
    expect(answer.headers).not.toHaveProperty('linux-patch-challenge');
    const signed = await send({}, signatureOver('A'.repeat(22), { idem: 'change-2' }));
    expect(codeOf(signed)).toEqual([202, null]);
  });

  it('says so in its health', async () => {
    const { envelope } = await call(world, '/api/v1/health');
    expect(envelope.data).toMatchObject({ job_key: UNPINNED });
  });
});
