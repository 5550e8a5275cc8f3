import {
  generateJobKey,
  jobKeyFingerprint,
  jobPublicKey,
  parseCertificate,
  vouchForJobKey,
} from '@linux-patch/pki';
import { testAuthority } from '@linux-patch/pki/testing';
import { nodeCommands, systemFiles } from '@linux-patch/runtime/node';
import { memoryLogger, temporaryFolder } from '@linux-patch/runtime/testing';
import { expect, it, onTestFinished } from 'vitest';
import { OWN_PROGRAMS } from '../../../worker/test/worker-process.ts';
import { agentPaths } from '../../src/config/paths.ts';
import { childWorker } from '../../src/worker-link/child-worker.ts';
import { openPinnedJobKey } from '../../src/worker-link/job-key.ts';
import { openWorkerLink } from '../../src/worker-link/link.ts';

/** A host with the real worker, and what its agent has on record of the job key. */
async function recordingHost() {
  const folder = await temporaryFolder();
  onTestFinished(() => folder[Symbol.asyncDispose]());
  const logger = memoryLogger();
  const audited: { readonly event: string; readonly fields: unknown }[] = [];
  const worker = { commands: nodeCommands({}, OWN_PROGRAMS), hostArguments: ['--root', folder.path] };
  const link = openWorkerLink(childWorker(worker));
  const key = openPinnedJobKey({
    link,
    rootsLink: link,
    signal: new AbortController().signal,
    place: agentPaths(folder.path).jobKey,
    files: systemFiles,
    logger,
    audit: { record: (event: string, fields: unknown) => void audited.push({ event, fields }) },
  });
  return { key, audited, said: () => JSON.stringify(logger.records) };
}

it('a key that another took the place of is never advised: not in the log, not as foreign', async () => {
  const { key, audited, said } = await recordingHost();
  const { root: ca } = await testAuthority({ now: Date.now() });
  const [old, next] = [await generateJobKey(), await generateJobKey()];
  const offer = (privateKeyPem: string) => {
    const public_ = jobPublicKey(privateKeyPem);
    const vouchers = [vouchForJobKey(public_, ca, parseCertificate(ca.certificatePem).spkiSha256)];
    return key.offered({ offer: { key: public_, vouchers, changes: [] }, roots: ca.certificatePem });
  };
  const [oldName = '', nextName = ''] = [old, next].map((one) => jobKeyFingerprint(jobPublicKey(one)));
  await offer(old);
  await key.trust(nextName);
  for (let times = 0; times < 3; times += 1) await offer(old);
  expect(await key.read()).toEqual({ pinned: nextName, by: 'root', foreign: null });
  expect(audited).toMatchObject([
    { event: 'job_key_pinned', fields: { pinned: oldName, by: 'first_sight', before: null } },
    { event: 'job_key_pinned', fields: { pinned: nextName, by: 'root', before: oldName } },
    { event: 'job_key_refused', fields: { offered: oldName, pinned: nextName } },
  ]);
  expect(said()).not.toContain(`trust-job-key ${oldName}`);
});

it('a manager that has no key any more is said aloud, and what is pinned stays', async () => {
  const { key, audited, said } = await recordingHost();
  const pinned = `SHA256:${'A'.repeat(43)}`;
  await key.offered({ offer: undefined, roots: '' });
  expect(audited).toEqual([]);
  await key.trust(pinned);
  await key.offered({ offer: undefined, roots: '' });
  expect(await key.read()).toEqual({ pinned, by: 'root', foreign: null });
  expect(audited.at(-1)).toMatchObject({ event: 'job_key_refused', fields: { pinned } });
  expect(said()).toContain(`takes changes only from ${pinned}`);
  await key.forget();
  expect(await key.read()).toEqual({ pinned: null, by: null, foreign: null });
});
