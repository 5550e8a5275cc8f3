import { join } from 'node:path';
import {
  generateJobKey,
  jobKeyFingerprint,
  jobPublicKey,
  parseCertificate,
  vouchForJobKey,
} from '@linux-patch/pki';
import { testAuthority } from '@linux-patch/pki/testing';
import type { Files } from '@linux-patch/runtime';
import { systemFiles } from '@linux-patch/runtime/node';
import { memoryLogger, temporaryFolder } from '@linux-patch/runtime/testing';
import { readPinnedKey, writePinnedKey } from '@linux-patch/worker';
import { expect, it } from 'vitest';
import { openPinnedJobKey } from './job-key.ts';

const TRUSTED = `SHA256:${'A'.repeat(43)}`;
const PINNED = `SHA256:${'B'.repeat(43)}`;

it('the word of root stays when it comes while the agent takes an offer', async () => {
  await using folder = await temporaryFolder();
  const place = { file: join(folder.path, 'etc/job-key.json'), mark: join(folder.path, 'state/mark') };
  await writePinnedKey(systemFiles, place, { pinned: PINNED, by: 'join', foreign: null });
  const open = (files: Files) =>
    openPinnedJobKey({ files, place, logger: memoryLogger(), audit: { record: () => {} } });
  const waiting = Promise.withResolvers<void>();
  const root = open({
    ...systemFiles,
    lock(path, options) {
      waiting.resolve();
      return systemFiles.lock(path, options);
    },
  });
  let said: Promise<void> | undefined;
  const agent = open({
    ...systemFiles,
    async writeDurably(write) {
      // It has read the pin, and root speaks before it writes.
      said ??= root.trust(TRUSTED);
      await Promise.race([said, waiting.promise]);
      await systemFiles.writeDurably(write);
    },
  });
  const { root: ca } = await testAuthority({ now: Date.now() });
  const key = jobPublicKey(await generateJobKey());
  const facts = parseCertificate(ca.certificatePem);
  const vouchers = [vouchForJobKey(key, ca, facts.spkiSha256)];
  await agent.take({ key, vouchers, changes: [] }, { roots: [facts], way: 'first_sight' });
  await said;
  expect(jobKeyFingerprint(key)).not.toBe(TRUSTED);
  expect(await readPinnedKey(systemFiles, place)).toEqual({ pinned: TRUSTED, by: 'root', foreign: null });
});

it('a key that another took the place of is never advised: not in the log, not as foreign, not to who signs with it', async () => {
  await using folder = await temporaryFolder();
  const place = { file: join(folder.path, 'etc/job-key.json'), mark: join(folder.path, 'state/mark') };
  const logger = memoryLogger();
  const audited: { readonly event: string; readonly fields: unknown }[] = [];
  const audit = { record: (event: string, fields: unknown) => void audited.push({ event, fields }) };
  const key = openPinnedJobKey({ files: systemFiles, place, logger, audit });
  const { root: ca } = await testAuthority({ now: Date.now() });
  const facts = parseCertificate(ca.certificatePem);
  const [old, next] = [await generateJobKey(), await generateJobKey()];
  const offer = (privateKeyPem: string) => {
    const public_ = jobPublicKey(privateKeyPem);
    const vouchers = [vouchForJobKey(public_, ca, facts.spkiSha256)];
    return key.take({ key: public_, vouchers, changes: [] }, { roots: [facts], way: 'first_sight' });
  };
  const [oldName, nextName] = [old, next].map((one) => jobKeyFingerprint(jobPublicKey(one)));
  await offer(old);
  await key.trust(nextName ?? null);
  for (let times = 0; times < 3; times += 1) await offer(old);
  expect(await key.read()).toEqual({ pinned: nextName, by: 'root', foreign: null });
  expect(audited.filter((one) => one.event === 'job_key_refused')).toMatchObject([
    { fields: { offered: oldName, pinned: nextName } },
  ]);
  expect(JSON.stringify(logger.records)).not.toContain(`trust-job-key ${oldName}`);
  await key.trust(oldName ?? null);
  expect((await key.pin()).replaced).toEqual([nextName]);
});
