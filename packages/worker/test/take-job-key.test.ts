import { chown, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { JobKeyOffer } from '@linux-patch/contract';
import {
  formatJoinString,
  generateJobKey,
  jobKeyFingerprint,
  jobPublicKey,
  parseCertificate,
  signKeyChange,
  vouchForJobKey,
} from '@linux-patch/pki';
import { type TestAuthority, testAuthority } from '@linux-patch/pki/testing';
import { systemFiles, systemRandom } from '@linux-patch/runtime/node';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { pinPlace } from '../src/admission/pin-place.ts';
import type { JobKeyWord } from '../src/signature/job-key-word.ts';
import { readPinnedKey } from '../src/signature/pinned-key.ts';
import { askOverPipes, askOverSocket } from './worker-process.ts';

const NOTHING = { pinned: null, by: null, foreign: null };
const NOBODY = 65_534;
const OTHER = `SHA256:${'B'.repeat(43)}`;

let ours: TestAuthority;
let stranger: TestAuthority;
let first: string;
let second: string;

beforeAll(async () => {
  const now = Date.now();
  [ours, stranger] = await Promise.all([testAuthority({ now }), testAuthority({ now })]);
  [first, second] = await Promise.all([generateJobKey(), generateJobKey()]);
});

const nameOf = (privateKeyPem: string) => jobKeyFingerprint(jobPublicKey(privateKeyPem));

/** What a manager with this key and this CA offers, and the CA beside it. */
function offered(privateKeyPem: string, by: TestAuthority, changes: JobKeyOffer['changes'] = []) {
  const key = jobPublicKey(privateKeyPem);
  const { certificatePem } = by.root;
  const vouchers = [vouchForJobKey(key, by.root, parseCertificate(certificatePem).spkiSha256)];
  return { kind: 'offered', offer: { key, vouchers, changes }, roots: certificatePem } as const;
}

/** What the worker's process answers, or why it does not. */
interface Said {
  readonly kind?: string;
  readonly code?: string;
  readonly message?: string;
}

/** A host with the real worker. */
async function freshHost() {
  const folder = await temporaryFolder();
  onTestFinished(() => folder[Symbol.asyncDispose]());
  const root = folder.path;
  const place = pinPlace(root);
  const ask = async (by: typeof askOverPipes, word: JobKeyWord): Promise<Said> => {
    const body = JSON.stringify(word);
    const line = JSON.stringify({ v: 1, op: 'take-job-key', bytes: Buffer.byteLength(body) });
    const { answer } = await by(['request', '--root', root], (to) => void to.write(`${line}\n${body}`));
    const { ok, value, error } = JSON.parse(answer);
    return ok ? value : error;
  };
  return {
    root,
    place,
    /** Whoever runs code as the agent's user: the socket of the worker is all there is. */
    agent: (word: JobKeyWord) => ask(askOverSocket, word),
    /** Root, who starts the worker. */
    byRoot: (word: JobKeyWord) => ask(askOverPipes, word),
    pin: () => readPinnedKey(systemFiles, place),
    put: async (path: string, text: string, mode = 0o600): Promise<string> => {
      const file = join(root, path);
      await mkdir(dirname(file), { recursive: true, mode: 0o755 });
      await writeFile(file, text, { mode });
      return file;
    },
  };
}

/** A join string that pins a CA. */
function joinString({ root }: TestAuthority): string {
  const caSpkiSha256 = Buffer.from(parseCertificate(root.certificatePem).spkiSha256, 'base64url');
  return formatJoinString({ caSpkiSha256, secret: systemRandom.bytes(16) });
}

describe('whoever runs code as the user of the agent', () => {
  it('has a key pinned where there is none, once; no other takes its place, whatever CA vouches for it', async () => {
    const { agent, pin } = await freshHost();
    expect(await agent(offered(first, ours))).toMatchObject({ kind: 'pinned', before: null });
    expect(await pin()).toEqual({ pinned: nameOf(first), by: 'first_sight', foreign: null });
    for (const word of [offered(second, ours), offered(second, stranger)]) await agent(word);
    expect(await pin()).toEqual({
      pinned: nameOf(first),
      by: 'first_sight',
      foreign: nameOf(second),
    });
  });

  it('has no key pinned for which none of the CAs vouches that it names', async () => {
    const { agent, pin } = await freshHost();
    const word = { ...offered(first, ours), roots: stranger.root.certificatePem };
    expect(await agent(word)).toEqual({ kind: 'unvouched' });
    expect(await agent({ ...word, roots: '' })).toEqual({ kind: 'unvouched' });
    expect(await pin()).toEqual(NOTHING);
  });

  it('replaces a key by one that this key has signed, and by none that another has', async () => {
    const { agent, pin } = await freshHost();
    await agent(offered(first, ours));
    const third = await generateJobKey();
    const forged = signKeyChange(third, jobPublicKey(second));
    const claimed = { ...forged, from: jobPublicKey(first) };
    for (const change of [forged, claimed]) await agent(offered(second, ours, [change]));
    expect(await pin()).toMatchObject({ pinned: nameOf(first) });
    const changes = [signKeyChange(first, jobPublicKey(second))];
    expect(await agent(offered(second, ours, changes))).toMatchObject({ kind: 'pinned', followed: true });
    expect(await pin()).toEqual({ pinned: nameOf(second), by: 'first_sight', foreign: null });
    expect(await agent(offered(first, ours))).toMatchObject({ kind: 'replaced' });
    expect(await pin()).toMatchObject({ pinned: nameOf(second), foreign: null });
  });

  it('does not speak for root: what root alone may say is refused', async () => {
    const { agent, pin } = await freshHost();
    await agent(offered(first, ours));
    const before = await pin();
    const { offer, roots } = offered(second, ours);
    const words: readonly JobKeyWord[] = [
      { kind: 'trusted', fingerprint: nameOf(second) },
      { kind: 'trusted', fingerprint: null },
      { kind: 'chosen', offer, roots, installed: true },
      { kind: 'chosen', offer, roots, installed: false },
      { kind: 'left' },
    ];
    for (const word of words) expect(await agent(word)).toMatchObject({ code: 'FORBIDDEN' });
    await agent(offered(second, ours));
    expect(await pin()).toEqual({ ...before, foreign: nameOf(second) });
  });

  it('changes nothing where what is pinned cannot be read, or root has said that nothing is to be', async () => {
    const { agent, byRoot, pin, place } = await freshHost();
    await byRoot({ kind: 'trusted', fingerprint: null });
    expect(await agent(offered(first, ours))).toEqual({ kind: 'known' });
    expect(await pin()).toEqual({ ...NOTHING, by: 'root' });
    await byRoot({ kind: 'trusted', fingerprint: nameOf(first) });
    await rm(place.file);
    expect(await agent(offered(second, ours))).toMatchObject({
      kind: 'unknown',
      message: expect.stringMatching(/is gone.*trust-job-key/),
    });
    await expect(pin()).rejects.toMatchObject({ code: 'SERVICE_UNHEALTHY' });
  });

  it('is one of two at the same time, and the other is foreign', async () => {
    const { agent, pin } = await freshHost();
    const answers = await Promise.all([agent(offered(first, ours)), agent(offered(second, stranger))]);
    expect(new Set(answers.map((one) => one.kind))).toEqual(new Set(['foreign', 'pinned']));
    const [won, lost] = answers[0]?.kind === 'pinned' ? [first, second] : [second, first];
    expect(await pin()).toEqual({ pinned: nameOf(won), by: 'first_sight', foreign: nameOf(lost) });
  });

  it('does not overtake root, who speaks at the same time', async () => {
    const { agent, byRoot, pin } = await freshHost();
    await Promise.all([agent(offered(first, ours)), byRoot({ kind: 'trusted', fingerprint: OTHER })]);
    expect(await pin()).toMatchObject({ pinned: OTHER, by: 'root' });
  });
});

describe('where root has put a join string', () => {
  const places = {
    'at its usual place': (host: Awaited<ReturnType<typeof freshHost>>, text: string) =>
      host.put('etc/linux_patch_api/join', text),
    'where the configuration says': async (host: Awaited<ReturnType<typeof freshHost>>, text: string) => {
      const file = await host.put('srv/join', text);
      return host.put('etc/linux_patch_api/config.yaml', `enrollment:\n  join_file: ${file}\n`);
    },
    'as a credential of the service': (host: Awaited<ReturnType<typeof freshHost>>, text: string) =>
      host.put('run/credentials/linux-patch-api.service/linux-patch-join', text, 0o400),
  };

  it.each(Object.entries(places))(
    '%s, only a key that the CA of the string certified is pinned',
    async (_where, putIn) => {
      const host = await freshHost();
      await putIn(host, joinString(ours));
      const evil = offered(second, stranger);
      for (const roots of [evil.roots, evil.roots + ours.root.certificatePem])
        expect(await host.agent({ ...evil, roots })).toMatchObject({ kind: 'uncertified' });
      expect(await host.pin()).toEqual(NOTHING);
      expect(await host.agent(offered(first, ours))).toMatchObject({ kind: 'pinned' });
      expect(await host.pin()).toEqual({ pinned: nameOf(first), by: 'join', foreign: null });
    },
  );

  it('it says nothing against a key that is pinned already: that changes by its own word, or that of root', async () => {
    const host = await freshHost();
    await host.byRoot({ kind: 'trusted', fingerprint: nameOf(first) });
    await host.put('etc/linux_patch_api/join', joinString(ours));
    expect(await host.agent(offered(second, ours))).toMatchObject({ kind: 'foreign' });
    const changes = [signKeyChange(first, jobPublicKey(second))];
    expect(await host.agent(offered(second, stranger, changes))).toMatchObject({ followed: true });
  });

  it.each<[string, string, number]>([
    ['that is none', 'nothing of the kind', 0o600],
    ['that others can read', 'whatever it says', 0o644],
  ])('one %s has nothing pinned, because nobody knows whose key counts', async (_what, text, mode) => {
    const host = await freshHost();
    await host.put('etc/linux_patch_api/join', text, mode);
    expect(await host.agent(offered(first, ours))).toMatchObject({
      kind: 'unknown',
      message: expect.stringContaining('etc/linux_patch_api/join'),
    });
    expect(await host.pin()).toEqual(NOTHING);
  });

  it.runIf(process.getuid?.() === 0)('one that another user has put there is not gone by', async () => {
    const host = await freshHost();
    const file = await host.put('etc/linux_patch_api/join', joinString(stranger));
    await chown(file, NOBODY, NOBODY);
    expect(await host.agent(offered(second, stranger))).toMatchObject({ kind: 'unknown' });
    expect(await host.pin()).toEqual(NOTHING);
  });

  it('a configuration with faults has nothing pinned, because it may name one', async () => {
    const host = await freshHost();
    await host.put('etc/linux_patch_api/config.yaml', 'enrollment: [\n');
    expect(await host.agent(offered(first, ours))).toMatchObject({ kind: 'unknown' });
    expect(await host.pin()).toEqual(NOTHING);
  });
});

describe('the word of root', () => {
  it('lets any key count, or none, and is forgotten when the host leaves', async () => {
    const { agent, byRoot, pin, place } = await freshHost();
    await agent(offered(first, ours));
    expect(await byRoot({ kind: 'trusted', fingerprint: OTHER })).toMatchObject({ before: nameOf(first) });
    expect(await pin()).toEqual({ pinned: OTHER, by: 'root', foreign: null });
    const { mode, uid } = await stat(place.file);
    expect([mode & 0o777, uid]).toEqual([0o644, process.getuid?.()]);
    await byRoot({ kind: 'left' });
    expect(await pin()).toEqual(NOTHING);
    expect(await agent(offered(second, stranger))).toMatchObject({ kind: 'pinned' });
  });

  it('for the manager that it joins counts once that is joined, also when a crash comes before the certificates', async () => {
    const { agent, byRoot, pin } = await freshHost();
    await byRoot({ kind: 'trusted', fingerprint: OTHER });
    const { offer, roots } = offered(first, ours);
    await byRoot({ kind: 'chosen', offer, roots, installed: false });
    await agent(offered(second, ours));
    expect(await pin()).toEqual({ pinned: OTHER, by: 'root', foreign: nameOf(second) });
    await agent(offered(first, ours));
    expect(await pin()).toEqual({ pinned: nameOf(first), by: 'root', foreign: null });
    // Only once: what root says afterwards stays.
    await byRoot({ kind: 'trusted', fingerprint: OTHER });
    expect(await agent(offered(first, ours))).toMatchObject({ kind: 'replaced' });
  });

  it('writes a file anew that cannot be read, and not before the certificates are there', async () => {
    const { byRoot, pin, put, place } = await freshHost();
    await put('etc/linux_patch_api/job-key.json', '{"format":1', 0o644);
    const { offer, roots } = offered(first, ours);
    expect(await byRoot({ kind: 'chosen', offer, roots, installed: false })).toMatchObject({
      kind: 'unknown',
    });
    expect(await readFile(place.file, 'utf8')).toBe('{"format":1');
    await byRoot({ kind: 'chosen', offer, roots, installed: true });
    expect(await pin()).toEqual({ pinned: nameOf(first), by: 'root', foreign: null });
  });
});

it('a key that an earlier release pinned counts as before', async () => {
  const { agent, pin, put } = await freshHost();
  const stored = { format: 1, pinned: nameOf(first), by: 'join', foreign: null };
  await put('etc/linux_patch_api/job-key.json', JSON.stringify(stored), 0o644);
  expect(await agent(offered(first, ours))).toEqual({ kind: 'known' });
  expect(await agent(offered(second, ours))).toMatchObject({ kind: 'foreign' });
  expect(await pin()).toEqual({ pinned: nameOf(first), by: 'join', foreign: nameOf(second) });
});
