import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Bundle, ENROLL_PATHS, type HostJobKey, type JobKeyOffer } from '@linux-patch/contract';
import { formatJoinString, jobKeyFingerprint, parseCertificate, spkiFingerprint } from '@linux-patch/pki';
import { type TestAuthority, testAuthority } from '@linux-patch/pki/testing';
import { nodeCommands, systemFiles, systemRandom } from '@linux-patch/runtime/node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writePinnedKey } from '../../../worker/src/signature/pinned-key.ts';
import { OWN_PROGRAMS } from '../../../worker/test/worker-process.ts';
import { agentPaths } from '../../src/config/paths.ts';
import { type CurrentManager, startCurrentManager } from './current-manager.ts';
import { dyingFiles } from './dying-files.ts';
import { bringOffer, byCommand, joinWithKey, offerBy, pinOf } from './job-key-offers.ts';
import { createJoiningHost, type JoiningHost, NOW } from './joining-host.ts';

const NOTHING: HostJobKey = { pinned: null, by: null, foreign: null };
const ELSEWHERE: HostJobKey = { pinned: `SHA256:${'A'.repeat(43)}`, by: 'join', foreign: null };

const real = nodeCommands({}, OWN_PROGRAMS);

/** A death at the first change after the certificates count. */
function afterLink(): (change: string) => boolean {
  let isLinked = false;
  return (change) => {
    if (isLinked) return true;
    isLinked = change.startsWith('replaceLink ');
    return false;
  };
}

let host: JoiningHost;
let manager: CurrentManager;
let offer: JobKeyOffer;
let fingerprint: string;

const rootOf = (authority: TestAuthority) => parseCertificate(authority.root.certificatePem);

beforeEach(async () => {
  host = await createJoiningHost();
  manager = await startCurrentManager(NOW);
  offer = await offerBy(manager.authority);
  fingerprint = jobKeyFingerprint(offer.key);
});
afterEach(async () => {
  await manager[Symbol.asyncDispose]();
  await host[Symbol.asyncDispose]();
});

const bring = (one: JobKeyOffer | undefined, more: Partial<Bundle> = {}) => bringOffer(manager, one, more);

const pin = () => pinOf(host);
const pinBefore = (before: HostJobKey) => writePinnedKey(systemFiles, agentPaths(host.root).jobKey, before);

/** Joins with a manager whose CA is pinned in the configuration, or with other settings. */
async function enrol(settings: object = {}): Promise<void> {
  const caFingerprint = spkiFingerprint(manager.authority.root.certificatePem);
  const given = Object.keys(settings).length > 0 ? settings : { caFingerprint };
  expect(await host.enrol({ managerUrl: new URL(manager.url), ...given }), host.said()).toEqual({
    kind: 'installed',
  });
}

/** A join string that pins the manager's CA, in its file. */
async function joinFile(): Promise<string> {
  // As every manager does that makes join strings.
  manager.odd = (path) =>
    path === ENROLL_PATHS.ca
      ? {
          status: 200,
          text: manager.authority.root.certificatePem,
          headers: { 'content-type': 'application/x-pem-file' },
        }
      : undefined;
  const path = agentPaths(host.root).joinFile;
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  const text = formatJoinString({
    caSpkiSha256: Buffer.from(rootOf(manager.authority).spkiSha256, 'base64url'),
    secret: systemRandom.bytes(16),
  });
  await writeFile(path, text, { mode: 0o600 });
  return path;
}

describe('the job key of a manager that a host joins', () => {
  it('is pinned at first sight', async () => {
    bring(offer);
    await enrol();
    expect(await pin()).toEqual({ pinned: fingerprint, by: 'first_sight', foreign: null });
    const pinned = host.audited.find((one) => one.event === 'job_key_pinned');
    expect(pinned?.fields).toEqual({ pinned: fingerprint, by: 'first_sight', before: null, followed: false });
  });

  it('is pinned by the join string, whose CA vouches for it', async () => {
    bring(offer);
    await enrol({ joinFile: await joinFile() });
    expect(await pin()).toEqual({ pinned: fingerprint, by: 'join', foreign: null });
  });

  it('is noted as foreign where another is pinned, also at a join by string', async () => {
    await pinBefore(ELSEWHERE);
    bring(offer);
    await enrol({ joinFile: await joinFile() });
    expect(await pin()).toEqual({ ...ELSEWHERE, foreign: fingerprint });
  });

  it('is not pinned at a join by string when only another CA of the bundle vouches for it', async () => {
    const other = await testAuthority({ now: NOW });
    const roots = manager.authority.root.certificatePem + other.root.certificatePem;
    bring(await offerBy(other), { ca_crt: roots });
    await enrol({ joinFile: await joinFile() });
    expect(await pin()).toEqual(NOTHING);
    expect(host.audited.map((one) => one.event)).toContain('job_key_refused');
  });

  it('is pinned by the word of root, who enrols the host by command', async () => {
    await pinBefore(ELSEWHERE);
    bring(offer);
    const caFingerprint = spkiFingerprint(manager.authority.root.certificatePem);
    await enrol({ mode: 'once', caFingerprint });
    expect(await pin()).toEqual({ pinned: fingerprint, by: 'root', foreign: null });
  });

  it('is noted as foreign where another is pinned and the service joins by itself', async () => {
    await pinBefore(ELSEWHERE);
    bring(offer);
    await enrol();
    expect(await pin()).toEqual({ ...ELSEWHERE, foreign: fingerprint });
    expect(host.said()).toContain(`linux-patch-api trust-job-key ${fingerprint}`);
  });

  it.each([
    ['a join string', async () => ({ joinFile: await joinFile() })],
    ['the word of root', async () => byCommand(manager)],
  ])(
    'that is missing in a manager from before there was one leaves the pinned one, which is said aloud: %s',
    async (_what, settingsOf) => {
      await pinBefore(ELSEWHERE);
      await enrol(await settingsOf());
      expect(await pin()).toEqual(ELSEWHERE);
      expect(host.audited.map((one) => one.event)).toContain('job_key_refused');
      expect(host.said()).toContain('linux-patch-api trust-job-key none');
    },
  );

  it.each([
    [
      'right before the certificates count',
      () => (change: string) => change.startsWith('replaceLink '),
      true,
    ],
    ['right after they count', afterLink, false],
    [
      'right after the key counts',
      () => (change: string) => /^remove .*enrollment\.json$/.test(change),
      false,
    ],
  ])(
    'and the certificates come together: a crash %s leaves the old manager, or the next start ends it',
    async (_when, killing, isOld) => {
      await using before = await startCurrentManager(NOW);
      const cut = await joinWithKey(host, before, await offerBy(before.authority));
      bring(offer);
      const rejoin = byCommand(manager);
      const files = dyingFiles(killing());
      await host.enrol({ ...rejoin, files }).catch(() => {});
      expect((await host.serial()) === cut.serial).toBe(isOld);
      if (isOld) expect(await pin()).toEqual(cut.pin);
      if (isOld) expect(await host.enrol(rejoin)).toEqual({ kind: 'installed' });
      else await host.finishInterrupted(rejoin);
      expect([await pin(), await host.pending()]).toEqual([
        { pinned: fingerprint, by: 'root', foreign: null },
        undefined,
      ]);
    },
  );

  it('is pinned by a later start when the worker could not be asked, and until then the enrolment is not forgotten', async () => {
    await pinBefore(ELSEWHERE);
    bring(offer);
    const settings = byCommand(manager);
    const gone = nodeCommands({}, { 'linux-patch-worker': ['/nonexistent'] });
    // It is told before the certificates are installed, and cannot be told afterwards.
    let asked = 0;
    const commands: typeof gone = { run: (command) => ((asked += 1) === 1 ? real : gone).run(command) };
    expect(await host.enrol({ ...settings, commands })).toMatchObject({ kind: 'failed' });
    await host.finishInterrupted({ ...settings, commands });
    expect([await pin(), await host.status()]).toEqual([ELSEWHERE, 'valid']);
    expect(await host.pending()).toMatchObject({ job_key: { offer } });
    await host.finishInterrupted(settings);
    expect([await pin(), await host.pending()]).toEqual([
      { pinned: fingerprint, by: 'root', foreign: null },
      undefined,
    ]);
  });

  it('that cannot be judged keeps the certificates of another manager away that root names', async () => {
    bring(offer);
    const commands = nodeCommands({}, { 'linux-patch-worker': ['/nonexistent'] });
    expect(await host.enrol({ ...byCommand(manager), commands })).toMatchObject({ kind: 'failed' });
    expect([await pin(), await host.status()]).toEqual([NOTHING, 'missing']);
  });

  it('that is missing where the service joins by itself leaves the pinned one', async () => {
    await pinBefore(ELSEWHERE);
    await enrol();
    expect(await pin()).toEqual(ELSEWHERE);
  });
});
