import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SignedJob } from '@linux-patch/contract';
import { generateJobKey, jobKeyFingerprint, jobPublicKey, signJob } from '@linux-patch/pki';
import { systemFiles } from '@linux-patch/runtime/node';
import { memoryLogger, temporaryFolder } from '@linux-patch/runtime/testing';
import { onTestFinished } from 'vitest';
import { NO_TEXT } from '../src/jobs/job-output.ts';
import { JobJournal } from '../src/jobs/journal.ts';
import { createJob, transition } from '../src/jobs/state.ts';
import { askOverPipes, askOverSocket } from './worker-process.ts';

/** What a host of these tests is called. */
export const INSTANCE = '5b0f3a52-8f6d-4c0e-9d61-2f7b1f0c8a11';
const APPLY = 'POST /api/v1/patches/apply';
/** An apply that is done with any package manager, because it names nothing. */
const NOTHING = '{"packages":[]}';

/** What somebody who owns the agent's process sends. */
export interface Sent {
  readonly line?: string;
  readonly body?: string;
  readonly idem?: string;
  readonly caller?: 'network' | 'local' | 'root';
  readonly names?: readonly string[];
  /** Headers of a signature. */
  readonly signed?: { readonly job: string; readonly signature: string };
  readonly earlier?: { readonly job: string; readonly same: boolean };
}

/** What the worker's process says, or that it did not answer. */
export interface Said {
  readonly kind: string;
  readonly code?: string;
  readonly message?: string;
  readonly job?: string;
  readonly challenge?: string;
  readonly running?: boolean;
}

/** A host that pins a key, with files to put into it. */
async function pinningHost() {
  const folder = await temporaryFolder();
  onTestFinished(() => folder[Symbol.asyncDispose]());
  const root = folder.path;
  const key = await generateJobKey();
  const pinned = jobKeyFingerprint(jobPublicKey(key));
  const put = async (path: string, text: string): Promise<void> => {
    await mkdir(join(root, path, '..'), { recursive: true, mode: 0o755 });
    await writeFile(join(root, path), text, { mode: 0o600 });
  };
  const pin = { format: 1, pinned, by: 'join', foreign: null };
  await put('etc/linux_patch_api/job-key.json', JSON.stringify(pin));
  await mkdir(join(root, 'var/lib/linux_patch_worker/job-key-pinned'), { recursive: true });
  const nowhere = { machine: null, platform: null, interfaces: [] };
  const instance = { format: 1, instance_id: INSTANCE, host: nowhere };
  await put('var/lib/linux_patch_worker/instance.json', JSON.stringify(instance));
  return { root, key, pinned, put };
}

/** What a request for a change says beside its kind. */
function passed({ line = APPLY, body = NOTHING, idem = 'change-1', ...sent }: Sent) {
  const { caller = 'network', names = ['web1.example.test'], signed } = sent;
  const contentType = 'application/json';
  return {
    bytes: Buffer.byteLength(body),
    change: { line, contentType, idempotencyKey: idem, ...signed, caller, names },
  };
}

/** The worker's process of a job, as a child of whoever asks. @returns what it says last */
async function runJob(root: string, job: string): Promise<Told> {
  const { answer } = await askOverPipes(['run', job, '--root', root, '--attached'], (to) => void to.end());
  return lastOf(answer);
}

/** What the process of a job says. */
interface Told {
  readonly t: string;
  readonly code?: string;
  readonly message?: string;
}

function lastOf(lines: string): Told {
  return JSON.parse(lines.trim().split('\n').at(-1) ?? '');
}

/** What the processes of jobs leave, below the root. */
export const RUNS = 'var/lib/linux_patch_worker/run';

/** What the worker will do. */
async function ordersOf(root: string): Promise<{ readonly job: string; readonly by: object }[]> {
  const place = join(root, 'var/lib/linux_patch_worker/orders');
  const names = (await readdir(place).catch(() => [])).filter((name) => name.endsWith('.json'));
  const texts = await Promise.all(names.map((name) => readFile(join(place, name), 'utf8')));
  return texts.map((text) => JSON.parse(text));
}

/** A host that pins a key, with the real worker, and nobody between it and the test. */
export async function admissionWorld() {
  const host = await pinningHost();
  const { root, key: ours } = host;
  const ask = async (request: object, body = '', over = askOverPipes): Promise<Said> => {
    const args = ['request', '--root', root];
    const text = `${JSON.stringify(request)}\n${body}`;
    // A connection stays open until the answer is there.
    const { answer } = await over(args, (to) => void (over === askOverPipes ? to.end(text) : to.write(text)));
    const { ok, value, error } = JSON.parse(answer);
    if (!ok) return { kind: 'failed', ...error };
    return value.kind === 'refused' ? { ...value, ...value.error } : value;
  };
  const startOver = (over: typeof askOverPipes, sent: Sent): Promise<Said> =>
    ask({ v: 1, op: 'start', ...passed(sent), earlier: sent.earlier }, sent.body ?? NOTHING, over);
  const start = (sent: Sent = {}): Promise<Said> => startOver(askOverPipes, sent);
  const sign = (challenge: string, sent: Sent = {}, job: Partial<SignedJob> = {}, key = ours) => {
    const { line: op = APPLY, body = NOTHING, idem = 'change-1' } = sent;
    const own = { v: 1, key: jobPublicKey(key), host: 'web1.example.test', instance: INSTANCE } as const;
    return signJob(key, { ...own, op, idem, challenge, ...job }, Buffer.from(body));
  };
  return {
    ...host,
    ask,
    /** As whoever is let in at the socket of the service manager asks. */
    askAtSocket: (request: object) => ask(request, '', askOverSocket),
    start,
    /** The same for a change. */
    startAtSocket: (sent: Sent) => startOver(askOverSocket, sent),
    sign,
    cancel: (sent: Sent) => ask({ v: 1, op: 'cancel', ...passed(sent) }, sent.body ?? NOTHING),
    withdraw: (job: string) => ask({ v: 1, op: 'withdraw', job }),
    /** A number of this host, as each refusal brings one. */
    challenge: async () => (await start()).challenge ?? '',
    /** A change as its manager asks for it. */
    signedStart: async (sent: Sent = {}) =>
      start({ ...sent, signed: sign((await start()).challenge ?? '', sent) }),
    orders: () => ordersOf(root),
    run: (job: string) => runJob(root, job),
    begin: (job: string) => ask({ v: 1, op: 'begin', job }),
    /** What the process of a job has said last, when it has ended. */
    ended: async (job: string): Promise<Told> => {
      while ((await ask({ v: 1, op: 'run-state', job })).running);
      return lastOf(await readFile(join(root, RUNS, job, 'stdout'), 'utf8'));
    },
  };
}

/** Writes a job down as a release before orders did. */
export async function leaveJob(
  root: string,
  id: string,
  { ended }: { readonly ended: boolean },
): Promise<void> {
  const request = { operation: 'hold' as const, names: ['curl'] };
  const queued = createJob({ id, request, nowMs: 1_000 });
  const cancelled = { type: 'fail', code: 'CANCELLED', message: 'It was cancelled.' } as const;
  const core = ended ? transition(queued, cancelled, 2_000) : queued;
  const journal = new JobJournal({ folder: join(root, 'jobs'), files: systemFiles, logger: memoryLogger() });
  await journal.load();
  await journal.save({ core, request }, NO_TEXT);
}
