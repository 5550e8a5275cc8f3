import { chmod, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateJobKey, jobPublicKey } from '@linux-patch/pki';
import { systemFiles } from '@linux-patch/runtime/node';
import { describe, expect, it, vi } from 'vitest';
import { admissionWorld, INSTANCE, leaveJob, RUNS, type Sent } from './admission-world.ts';

const OTHER_JOB = 'f3b1c0de-0000-4000-8000-000000000000';
const REMOVAL = { line: 'DELETE /api/v1/packages/openssh-server', body: '' };
const ORDERS = 'var/lib/linux_patch_worker/orders';

describe('whoever owns the process of the agent', () => {
  it('has done what the manager signed, once, and never again', async () => {
    const { root, challenge, sign, start, orders, run, pinned } = await admissionWorld();
    const signed = sign(await challenge());
    const { kind, job = '' } = await start({ signed });
    expect(kind).toBe('accepted');
    expect(await orders()).toMatchObject([{ job, by: { kind: 'signed', key: pinned } }]);
    // An answer may have been lost: the same bytes are the same job for as long as it has not ended.
    expect(await start({ signed })).toMatchObject({ kind: 'accepted', job });
    expect(await orders()).toHaveLength(1);
    // No package manager is here, which ends it as well as anything.
    expect(await run(job)).toMatchObject({ t: 'failed', code: 'SERVICE_UNHEALTHY' });
    expect(await orders()).toEqual([]);
    expect(await readdir(join(root, RUNS))).toEqual([]);
    expect(await run(job)).toMatchObject({ t: 'failed', code: 'INTERRUPTED' });
    expect(await start({ signed })).toMatchObject({ code: 'CHALLENGE_UNKNOWN' });
    expect(await start({ signed, idem: 'change-2' })).toMatchObject({ code: 'SIGNATURE_INVALID' });
    expect(await orders()).toEqual([]);
  });

  it('has nothing done that is not signed, in whose name it may ask, and whatever it says to know', async () => {
    const { start, cancel, orders, run } = await admissionWorld();
    const unsigned: readonly Sent[] = [
      {},
      REMOVAL,
      { caller: 'local' },
      { earlier: { job: OTHER_JOB, same: true } },
      { names: [] },
    ];
    for (const sent of unsigned) expect(await start(sent)).toMatchObject({ code: 'SIGNATURE_REQUIRED' });
    expect((await start({ caller: 'local' })).message).toContain('linux-patch-api trust-job-key none');
    expect(await cancel({})).toMatchObject({ code: 'NOT_FOUND' });
    expect(await run(OTHER_JOB)).toMatchObject({ t: 'failed', code: 'INTERRUPTED' });
    expect(await orders()).toEqual([]);
  });

  it('does not speak for root, whatever it says', async () => {
    const { startAtSocket, orders, challenge, sign } = await admissionWorld();
    const said = await startAtSocket({ caller: 'root' });
    expect(said).toMatchObject({ kind: 'refused', code: 'FORBIDDEN' });
    const signed = sign(await challenge());
    expect(await startAtSocket({ caller: 'root', signed })).toMatchObject({ code: 'FORBIDDEN' });
    expect(await startAtSocket({ signed })).toMatchObject({ kind: 'accepted' });
    expect(await orders()).toMatchObject([{ by: { kind: 'signed' } }]);
  });

  it('has nothing done by a signature over something else', async () => {
    const { challenge, sign, start, orders } = await admissionWorld();
    const foreign = await generateJobKey();
    const number = await challenge();
    const right = sign(number);
    const attempts: readonly (readonly [Sent, string])[] = [
      [{ ...REMOVAL, signed: right }, 'SIGNATURE_INVALID'],
      [{ body: '{"packages":[] }', signed: right }, 'SIGNATURE_INVALID'],
      [{ idem: 'change-2', signed: right }, 'SIGNATURE_INVALID'],
      [{ signed: sign(number, {}, {}, foreign) }, 'SIGNATURE_INVALID'],
      [{ signed: sign(number, {}, { key: jobPublicKey(foreign) }) }, 'SIGNATURE_INVALID'],
      // It may say that it is the other host; the instance is not for it to say.
      [
        {
          names: ['web2.example.test'],
          signed: sign(number, {}, { host: 'web2.example.test', instance: OTHER_JOB }),
        },
        'INSTANCE_MISMATCH',
      ],
      [{ signed: sign('A'.repeat(22)) }, 'CHALLENGE_UNKNOWN'],
    ];
    for (const [sent, code] of attempts) expect(await start(sent)).toMatchObject({ code });
    expect(await orders()).toEqual([]);
    // Nothing of that has used the number up.
    expect(await start({ signed: right })).toMatchObject({ kind: 'accepted' });
  });

  it('has one job for one number, however many it asks at the same time', async () => {
    const { challenge, sign, start, orders } = await admissionWorld();
    const number = await challenge();
    const names = ['change-1', 'change-2', 'change-3'];
    const said = await Promise.all(names.map((idem) => start({ idem, signed: sign(number, { idem }) })));
    expect(said.map((one) => one.code ?? one.kind).toSorted()).toEqual([
      'CHALLENGE_UNKNOWN',
      'CHALLENGE_UNKNOWN',
      'accepted',
    ]);
    expect(await orders()).toHaveLength(1);
  });

  it('has nothing done over a number from before the host was started', async () => {
    const { root, challenge, sign, start } = await admissionWorld();
    const signed = sign(await challenge());
    const place = join(root, 'run/linux-patch-worker/challenges');
    const [boot = ''] = await readdir(place);
    await rename(join(place, boot), join(place, 'boot-before'));
    expect(await start({ signed })).toMatchObject({ code: 'CHALLENGE_UNKNOWN' });
  });

  it('makes verdicts stricter with what it says to know, and never milder', async () => {
    const { signedStart, orders } = await admissionWorld();
    const same = await signedStart({ earlier: { job: OTHER_JOB, same: true } });
    expect(same).toMatchObject({ kind: 'repeated' });
    const another = await signedStart({ earlier: { job: OTHER_JOB, same: false } });
    expect(another).toMatchObject({ code: 'IDEMPOTENCY_CONFLICT', details: { job_id: OTHER_JOB } });
    expect(await orders()).toEqual([]);
  });

  it('has one key name one change', async () => {
    const { signedStart, orders } = await admissionWorld();
    const { job } = await signedStart();
    expect(await signedStart(REMOVAL)).toMatchObject({
      code: 'IDEMPOTENCY_CONFLICT',
      details: { job_id: job },
    });
    expect(await orders()).toHaveLength(1);
  });

  it('has nothing done that the policy of the host forbids, and hears the rule', async () => {
    const { put, signedStart, orders } = await admissionWorld();
    await put('etc/linux_patch_api/policy.yaml', 'allowed_operations: [update]\n');
    expect(await signedStart(REMOVAL)).toMatchObject({
      code: 'POLICY_DENIED',
      operation: 'remove',
      details: { policy: { rule: 'allowed_operations', line: 1 } },
    });
    expect(await orders()).toEqual([]);
    expect(await signedStart({ idem: 'change-2' })).toMatchObject({ kind: 'accepted' });
  });

  it('cannot take back what it withdrew', async () => {
    const { challenge, sign, start, withdraw, orders, run } = await admissionWorld();
    const signed = sign(await challenge());
    const { job = '' } = await start({ signed });
    expect(await withdraw(job)).toEqual({ withdrawn: true });
    expect(await orders()).toEqual([]);
    expect(await run(job)).toMatchObject({ t: 'failed', code: 'INTERRUPTED' });
    expect(await start({ signed })).toMatchObject({ code: 'CHALLENGE_UNKNOWN' });
  });

  it('makes no order of a job that it wrote down itself, nor of one that others could write', async () => {
    const { root, put, ask, signedStart, orders, run } = await admissionWorld();
    await leaveJob(root, OTHER_JOB, { ended: false });
    const { job = '' } = await signedStart();
    await put('etc/linux_patch_api/config.yaml', `jobs: { storage_path: "${join(root, 'jobs')}" }\n`);
    const takeOver = { v: 1, op: 'take-over' };
    expect(await ask(takeOver)).toEqual({ jobs: 0 });
    expect((await orders()).map((one) => one.job)).toEqual([job]);
    await chmod(join(root, ORDERS, `${job}.json`), 0o666);
    expect(await run(job)).toMatchObject({
      code: 'SERVICE_UNHEALTHY',
      message: expect.stringContaining('others than its owner can change it'),
    });
  });

  it('does not say which instance this is: that lies where the worker alone writes', async () => {
    const { root, ask, put, start, challenge, sign, orders } = await admissionWorld();
    const said = {
      format: 1,
      instance_id: OTHER_JOB,
      host: { machine: null, platform: null, interfaces: [] },
    };
    await put('var/lib/linux_patch_api/state/instance.json', JSON.stringify(said));
    expect(await ask({ v: 1, op: 'instance' })).toEqual({ instanceId: INSTANCE, origin: 'kept' });
    const number = await challenge();
    const foreign = sign(number, {}, { instance: OTHER_JOB });
    expect(await start({ signed: foreign })).toMatchObject({ code: 'INSTANCE_MISMATCH' });
    expect(await orders()).toEqual([]);
    // Nor does a copy of the disk answer for the host that it was made of.
    await put('etc/machine-id', `${'c'.repeat(32)}\n`);
    expect(await ask({ v: 1, op: 'instance' })).toEqual({ instanceId: INSTANCE, origin: 'kept' });
    await put('etc/machine-id', `${'d'.repeat(32)}\n`);
    expect(await start({ signed: sign(number) })).toMatchObject({ code: 'INSTANCE_MISMATCH' });
    expect(await orders()).toEqual([]);
    expect(await readdir(join(root, 'var/lib/linux_patch_worker'))).toContain('instance.json');
  });

  it('is told which file is wrong where it is not known which key counts, or which instance this is', async () => {
    const { root, start, challenge, sign, orders } = await admissionWorld();
    const signed = sign(await challenge());
    const instance = join(root, 'var/lib/linux_patch_worker/instance.json');
    await rm(instance);
    await mkdir(join(instance, 'in-the-way'), { recursive: true });
    const nameless = await start({ signed });
    expect(nameless).toMatchObject({ code: 'SERVICE_UNHEALTHY', message: expect.stringContaining(instance) });
    await rm(join(root, 'etc/linux_patch_api/job-key.json'));
    const keyless = await start({});
    expect(keyless).toMatchObject({
      code: 'SERVICE_UNHEALTHY',
      message: expect.stringContaining('job-key.json is gone'),
    });
    expect(await orders()).toEqual([]);
  });

  it('has a job cut off at its work by a signature over that alone, which is no other', async () => {
    const { root, cancel, sign, signedStart, start, ended, begin } = await admissionWorld();
    const { job = '' } = await signedStart();
    const wish = { line: `DELETE /api/v1/jobs/${job}`, body: '' };
    // What the job says of itself makes no difference: it is at its work.
    await mkdir(join(root, RUNS, job), { recursive: true });
    const { code, challenge = '' } = await cancel(wish);
    expect(code).toBe('SIGNATURE_REQUIRED');
    const other = { ...wish, line: `DELETE /api/v1/jobs/${OTHER_JOB}` };
    const signed = sign(challenge, wish);
    expect(await start({ ...wish, signed })).toMatchObject({ code: 'NOT_FOUND' });
    expect(await cancel({ ...wish, signed: sign(challenge, other) })).toMatchObject({
      code: 'SIGNATURE_INVALID',
    });
    expect(await readdir(join(root, RUNS, job))).toEqual([]);
    expect(await cancel({ ...wish, signed })).toMatchObject({ kind: 'cancelled' });
    expect(await cancel({ ...wish, signed })).toMatchObject({ code: 'CHALLENGE_UNKNOWN' });
    expect(await readdir(join(root, RUNS, job))).toEqual(['cancel']);
    await begin(job);
    expect(await ended(job)).toMatchObject({ t: 'failed' });
  });

  it('may cancel what has not begun, which is not done then, and tell one that waits', async () => {
    const { root, cancel, signedStart, orders, begin } = await admissionWorld();
    const { job = '' } = await signedStart();
    const wish = { line: `DELETE /api/v1/jobs/${job}`, body: '' };
    expect(await cancel(wish)).toMatchObject({ kind: 'cancelled' });
    expect(await orders()).toEqual([]);
    expect(await begin(job)).toEqual({ kind: 'unknown' });
    const { job: waiting = '' } = await signedStart({ idem: 'change-2' });
    await mkdir(join(root, RUNS, waiting), { recursive: true });
    await writeFile(join(root, RUNS, waiting, 'waiting'), '');
    expect(await cancel({ line: `DELETE /api/v1/jobs/${waiting}`, body: '' })).toMatchObject({
      kind: 'cancelled',
    });
    expect(await readdir(join(root, RUNS, waiting))).toEqual(['cancel-while-waiting', 'waiting']);
  });

  it('gains nothing by holding back what was accepted', async () => {
    const { root, signedStart, begin, run, orders } = await admissionWorld();
    /** As if it had been accepted so much earlier. */
    const age = async (job: string) => {
      const path = join(root, ORDERS, `${job}.json`);
      const order = JSON.parse(await readFile(path, 'utf8'));
      order.acceptedAtMs -= 86_401_000;
      await writeFile(path, JSON.stringify(order), { mode: 0o600 });
    };
    const { job = '' } = await signedStart();
    await age(job);
    const { job: other = '' } = await signedStart({ idem: 'change-2' });
    await age(other);
    const late = {
      code: 'INTERRUPTED',
      message: expect.stringContaining('A change counts only for that time'),
    };
    expect(await begin(job)).toMatchObject(late);
    expect(await begin(job)).toEqual({ kind: 'unknown' });
    expect(await run(other)).toMatchObject(late);
    expect(await orders()).toEqual([]);
  });

  it('starts no process but that of a job which was accepted, and that once', async () => {
    const { root, ask, begin, ended, signedStart, orders } = await admissionWorld();
    expect(await begin(OTHER_JOB)).toEqual({ kind: 'unknown' });
    const wishes = [
      { op: 'begin', job: '../../../../tmp' },
      { op: 'begin', job: OTHER_JOB, command: ['/bin/sh'] },
      { op: 'run', job: OTHER_JOB },
      { op: 'reboot' },
      { op: 'reboot', delaySeconds: 0 },
    ];
    for (const wish of wishes)
      expect(await ask({ v: 1, ...wish })).toMatchObject({ code: 'INVALID_REQUEST' });
    await expect(readdir(join(root, RUNS))).rejects.toThrow('ENOENT');
    const { job = '' } = await signedStart();
    expect(await begin(job)).toEqual({ kind: 'running' });
    expect(await ended(job)).toMatchObject({ t: 'failed', code: 'SERVICE_UNHEALTHY' });
    expect(await orders()).toEqual([]);
    // What it has said stays until it is on record, and it is not done again.
    expect(await begin(job)).toEqual({ kind: 'ended' });
    expect(await ended(job)).toMatchObject({ code: 'SERVICE_UNHEALTHY' });
    expect(await ask({ v: 1, op: 'forget', job })).toEqual({ forgotten: true });
    expect(await begin(job)).toEqual({ kind: 'unknown' });
    expect(await readdir(join(root, RUNS))).toEqual([]);
  });
});

describe('a host that pins no key', () => {
  it('does what is asked for, and writes down that nobody signed it', async () => {
    const { root, start, orders } = await admissionWorld();
    await rm(join(root, 'etc/linux_patch_api/job-key.json'));
    await rm(join(root, 'var/lib/linux_patch_worker/job-key-pinned'), { recursive: true });
    expect(await start({ caller: 'local' })).toMatchObject({ kind: 'accepted', signedBy: null });
    expect(await start({ idem: 'change-2' })).toMatchObject({ kind: 'accepted', signedBy: null });
    const by = (await orders()).map((one) => one.by);
    expect(by).toHaveLength(2);
    expect(by).toContainEqual({ kind: 'unsigned', caller: 'local' });
    expect(by).toContainEqual({ kind: 'unsigned', caller: 'network' });
  });
});

describe('root, who starts the worker itself', () => {
  it('signs nothing, is bound by the policy, and has its job done at once', async () => {
    const { root, put, start, orders, ended } = await admissionWorld();
    await put('etc/linux_patch_api/policy.yaml', 'allowed_operations: [update]\n');
    expect(await start({ ...REMOVAL, caller: 'root' })).toMatchObject({ code: 'POLICY_DENIED' });
    await put('etc/linux_patch_api/policy.yaml', 'allowed_operations: update\n');
    expect(await start({ caller: 'root', body: '{"all":true}' })).toMatchObject({ code: 'POLICY_DENIED' });
    await put('etc/linux_patch_api/policy.yaml', '');
    const { kind, job = '' } = await start({ caller: 'root' });
    expect(kind).toBe('accepted');
    // No package manager is here, which ends it as well as anything.
    expect(await ended(job)).toMatchObject({ t: 'failed', code: 'SERVICE_UNHEALTHY' });
    expect(await orders()).toEqual([]);
    const folder = join(root, RUNS, job);
    const shown = JSON.parse(await readFile(join(folder, 'asked-by-root.json'), 'utf8'));
    expect(shown).toMatchObject({ v: 1, job, request: { operation: 'patch_apply' } });
    expect((await stat(join(folder, 'asked-by-root.json'))).mode & 0o777).toBe(0o640);
  });

  it('waits for its turn while another job is done, and says so', async () => {
    const { root, put, start, ended } = await admissionWorld();
    await put(`${ORDERS}/turn.lock`, '');
    const other = await systemFiles.lock(join(root, ORDERS, 'turn.lock'), { note: OTHER_JOB });
    const { job = '' } = await start({ caller: 'root', body: '{"all":true}' });
    const said = join(root, RUNS, job, 'stdout');
    const words = `Waiting for its turn after job ${OTHER_JOB}`;
    await vi.waitFor(async () => expect(await readFile(said, 'utf8')).toContain(words), 20_000);
    await other?.[Symbol.asyncDispose]();
    expect(await ended(job)).toMatchObject({ t: 'failed', code: 'SERVICE_UNHEALTHY' });
    expect(await readFile(said, 'utf8')).toContain('Its turn has come');
  });
});
