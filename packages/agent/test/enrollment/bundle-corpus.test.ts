import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { CHECKS, createCrl, MANAGER_POINT, parseCertificate, spkiFingerprint } from '@linux-patch/pki';
import { systemFiles } from '@linux-patch/runtime/node';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { acceptBundle, type BundleExpectation } from '../../src/identity/bundle-check.ts';
import { MANUAL_IDENTITY } from '../../src/identity/store/identity-meta.ts';
import { pathsIn } from '../../src/identity/store/paths.ts';
import { installGeneration } from '../../src/identity/store/store.ts';
import { badBundles } from './bundle-corpus.ts';
import { type CorpusWorld, createCorpusWorld, NAMES, NOW } from './corpus-world.ts';

let world: CorpusWorld;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  world = await createCorpusWorld();
  folder = await temporaryFolder({ inMemory: true });
});
afterAll(async () => {
  world[Symbol.dispose]();
  await folder[Symbol.asyncDispose]();
});

/** What both an enrolment and a renewal do with a bundle. */
async function receive(
  bundle: Parameters<typeof acceptBundle>[0],
  expected: Partial<BundleExpectation> = {},
) {
  const certs = join(folder.path, 'certs');
  const paths = pathsIn(certs);
  const standard = { ownKeyPem: world.ownKeyPem, ...NAMES, now: NOW, fingerprint: undefined };
  const material = await acceptBundle(bundle, { ...standard, ...expected });
  await installGeneration({ files: systemFiles, paths, material, meta: MANUAL_IDENTITY });
}

/** Every file and link with content, mode and inode. */
async function snapshot(path = folder.path): Promise<unknown> {
  const stat = await lstat(path);
  const facts = [path, stat.mode, stat.ino, stat.mtimeMs];
  if (stat.isSymbolicLink()) return [...facts, await readlink(path)];
  if (!stat.isDirectory()) return [...facts, await readFile(path, 'utf8')];
  const names = await readdir(path);
  return [...facts, ...(await Promise.all(names.sort().map((name) => snapshot(join(path, name)))))];
}

/** `V6`, or what happened instead. */
async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'accepted';
  } catch (error) {
    const { code, details } = error as { code?: string; details?: { check?: string } };
    return code === 'CERT_UNSUITABLE' ? (details?.check ?? 'no check') : String(error);
  }
}

describe('the validator', () => {
  it('refuses every bundle of the corpus by the expected check, and nothing on disk changes', async () => {
    await receive(world.good);
    const before = await snapshot();
    const bad = await badBundles(world);
    const wrong: string[] = [];
    for (const { name, check, bundle, expected } of bad) {
      const got = await refusal(receive(bundle, expected));
      if (got !== check) wrong.push(`${name}: ${got} instead of ${check}`);
    }
    expect(wrong).toEqual([]);
    expect(await snapshot()).toEqual(before);
    expect(new Set(bad.map((one) => one.name)).size).toBe(bad.length);
    expect(bad.length).toBeGreaterThanOrEqual(120);
    const covered = new Set<string>(bad.map((one) => one.check));
    expect(Object.keys(CHECKS).filter((id) => !covered.has(id))).toEqual(['V0']);
    process.stdout.write(`corpus: ${bad.length} bundles refused, each by its check\n`);
  });

  it('takes what only looks odd', async () => {
    const { good, older, authority, stranger, openssl } = world;
    const [leaf, issuing] = good.server_crt.split(/(?<=-----END CERTIFICATE-----\n)/);
    openssl.write('p8.key', older.server_key);
    openssl.run('pkey', '-in', 'p8.key', '-traditional', '-out', 'sec1.key');
    const outdated = await authority.createCrl();
    const aboutOthers = await createCrl({
      issuer: authority.issuing,
      revoked: [{ serialHex: parseCertificate(leaf ?? '').serialHex, revokedAtMs: NOW }],
      points: [MANAGER_POINT],
      number: 2n,
      now: NOW,
      nextUpdateMs: NOW + 86_400_000,
    });
    const odd: [string, typeof good, Partial<BundleExpectation>?][] = [
      ['lines that end as on Windows', { ...good, server_crt: good.server_crt.replaceAll('\n', '\r\n') }],
      ['text before a block', { ...good, ca_crt: `subject=CN = Root\n${good.ca_crt}` }],
      ['blank lines at the end', { ...good, ca_crt: `${good.ca_crt}\n\n` }],
      ['indented blocks', { ...good, ca_crt: good.ca_crt.replaceAll(/^/gm, '  ') }],
      ['no chain and no list', { ca_crt: good.ca_crt, server_crt: good.server_crt }],
      ['an empty list', { ...good, crl_pem: '' }],
      ['the leaf alone, its issuer in the chain', { ...good, server_crt: leaf ?? '' }],
      ['the issuer in the chain and with the leaf', { ...good, ca_chain: issuing ?? '' }],
      ['another CA beside the right one', { ...good, ca_crt: stranger.root.certificatePem + good.ca_crt }],
      ['a key as SEC1', { ...older, server_key: openssl.read('sec1.key') }, { ownKeyPem: undefined }],
      ['the pinned CA', good, { fingerprint: spkiFingerprint(authority.root.certificatePem) }],
      ['a list that has its serial number and is not about it', { ...good, crl_pem: aboutOthers }],
      ['an outdated list', { ...good, crl_pem: outdated }, { now: NOW + 8 * 86_400_000 }],
    ];
    for (const [name, bundle, expected] of odd)
      expect(await refusal(receive(bundle, expected)), name).toBe('accepted');
  });
});
