import { cp, readdir, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RenewRequest } from '@linux-patch/contract';
import {
  agentProfile,
  issueCertificate,
  parseCertificate,
  parseCertificates,
  parseRequest,
  publicKeySpki,
  serialFrom,
  spkiSha256,
  verifyRenewalProof,
} from '@linux-patch/pki';
import { type TestAuthority, testAuthority } from '@linux-patch/pki/testing';
import { systemFiles, systemRandom } from '@linux-patch/runtime/node';
import { ManualClock, temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { chooseProxy } from '../../src/host/proxy.ts';
import { renewIdentity } from '../../src/identity/renewal/renew.ts';
import { MANUAL_IDENTITY, readIdentityMeta } from '../../src/identity/store/identity-meta.ts';
import { readMaterial } from '../../src/identity/store/material.ts';
import { type CertificatePaths, pathsIn } from '../../src/identity/store/paths.ts';
import { installGeneration } from '../../src/identity/store/store.ts';
import { bodyOf, startWebServer } from '../web-server.ts';
import { startConnectProxy } from './connect-proxy.ts';

// TLS checks certificates by the machine's own clock.
const NOW = Math.floor(Date.now() / 1000) * 1000;
const NAMES = { fqdn: 'amber.example.test', shortName: 'amber', ipAddress: '127.0.0.1' };
const clientOf = (issuer: TestAuthority) => ({
  cn: 'patch-manager-client',
  issuer_spki: parseCertificate(issuer.issuing.certificatePem).spkiSha256,
});

interface Reply {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let authority: TestAuthority;
let paths: CertificatePaths;
let manager: Awaited<ReturnType<typeof startWebServer>>;
let reply: (request: RenewRequest) => Reply | Promise<Reply>;
let asked: RenewRequest[];
let audited: string[];

/** What the manager sends for a request, by whatever authority. */
async function renewedBy(
  issuer: TestAuthority,
  request: RenewRequest,
  spki?: Uint8Array,
  // A renewal must end later than what it replaces.
  now = NOW + 60_000,
): Promise<Reply> {
  const key = await parseRequest(request.csr);
  const leaf = await issueCertificate({
    profile: agentProfile(NAMES),
    subjectSpki: spki ?? key.spki,
    issuer: issuer.issuing,
    serial: serialFrom(systemRandom.bytes(16)),
    now,
  });
  const body = {
    ca_crt: issuer.root.certificatePem,
    ca_chain: issuer.caPem,
    server_crt: leaf + issuer.issuing.certificatePem,
    crl_pem: await issuer.createCrl(),
    manager_client: clientOf(issuer),
  };
  return { status: 200, body };
}

beforeAll(async () => {
  authority = await testAuthority({ now: NOW });
  const web = await authority.issueWeb();
  manager = await startWebServer(web, async (request, response) => {
    const asks = RenewRequest.parse(JSON.parse(await bodyOf(request)));
    asked.push(asks);
    const { status, body, headers } = await reply(asks);
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(body));
  });
});
afterAll(async () => {
  await manager[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

beforeEach(async () => {
  await folder?.[Symbol.asyncDispose]();
  folder = await temporaryFolder();
  const certs = join(folder.path, 'certs');
  paths = pathsIn(certs);
  asked = [];
  audited = [];
  reply = (request) => renewedBy(authority, request);
  await installFrom(authority);
});

async function installFrom(issuer: TestAuthority): Promise<void> {
  const own = await issuer.issueAgent(NAMES);
  const material = {
    caPem: issuer.root.certificatePem,
    certificatePem: own.chainPem,
    keyPem: own.privateKeyPem,
    crlPem: undefined,
  };
  const meta = { ...MANUAL_IDENTITY, trust: 'code', key_origin: 'manager', renewal_draw: 0 } as const;
  await installGeneration({ files: systemFiles, paths, material, meta });
}

const renew = (proxyFor = chooseProxy({ configured: undefined, environment: {} })) =>
  renewIdentity({
    place: { files: systemFiles, clock: new ManualClock(NOW), paths, thresholdDays: 7 },
    random: systemRandom,
    audit: { record: (event) => void audited.push(event) },
    way: { managerUrl: new URL(manager.url), proxyFor, signal: new AbortController().signal },
  });
const keyOf = async (request: RenewRequest | undefined) => (await parseRequest(request!.csr)).spkiSha256;
const generation = () => realpath(join(folder.path, 'certs/current'));

describe('a renewal', () => {
  it('installs a certificate for a new key, proven with the old one, and keeps how the manager is trusted', async () => {
    const before = await readMaterial(systemFiles, paths);
    expect(await renew()).toMatchObject({ kind: 'renewed' });
    const after = await readMaterial(systemFiles, paths);
    expect(after.keyPem).not.toBe(before.keyPem);
    expect(await readFile(paths.key, 'utf8')).toBe(after.keyPem);
    const proof = verifyRenewalProof({
      jws: asked[0]!.proof,
      audience: new URL('/api/v1/enroll/renew', manager.url).href,
      csrPem: asked[0]!.csr,
      nowS: NOW / 1000,
    });
    expect(proof.certificate.dnsNames).toEqual(['amber.example.test', 'amber']);
    expect(await readIdentityMeta(systemFiles, paths)).toMatchObject({
      trust: 'code',
      key_origin: 'host',
      manager_client: clientOf(authority),
    });
    expect(audited).toEqual(['identity_renewed']);
  });

  it.each([403, 404, 405])('that the manager refuses with %d says so and changes nothing', async (status) => {
    reply = () => ({ status, body: { error: { code: 'X', message: 'it is revoked' } } });
    const before = await generation();
    expect(await renew()).toEqual({ kind: 'refused', message: 'it is revoked' });
    expect(await generation()).toBe(before);
  });

  it('that the manager cannot do now is for later', async () => {
    reply = () => ({ status: 503, body: {}, headers: { 'retry-after': '30' } });
    await expect(renew()).rejects.toMatchObject({ kind: 'transient', retryAfterMs: 30_000 });
    reply = () => ({ status: 200, body: { ca_crt: 'x' } });
    await expect(renew()).rejects.toMatchObject({ kind: 'protocol' });
  });

  it('whose proof the manager does not take, because a clock is wrong, is tried again', async () => {
    reply = () => ({
      status: 401,
      body: { error: { code: 'UNAUTHORIZED', message: 'one of the two clocks' } },
    });
    await expect(renew()).rejects.toMatchObject({
      kind: 'protocol',
      message: expect.stringContaining('clocks'),
    });
  });

  it('goes through the proxy when there is one', async () => {
    await using proxy = await startConnectProxy();
    const proxyFor = chooseProxy({ configured: proxy.url, environment: {} });
    expect(await renew(proxyFor)).toMatchObject({ kind: 'renewed' });
    expect(proxy.asked.map((one) => one.target)).toEqual([new URL(manager.url).host]);
  });

  it('for a key that is not the new one is refused, and the old set stays', async () => {
    const { keyPem } = await readMaterial(systemFiles, paths);
    reply = (request) => renewedBy(authority, request, publicKeySpki(keyPem));
    const before = await generation();
    await expect(renew()).rejects.toMatchObject({ details: { check: 'V11' } });
    expect(await generation()).toBe(before);
  });

  it('sends nothing to a manager that the installed CA does not prove', async () => {
    await installFrom(await testAuthority({ now: NOW }));
    await expect(renew()).rejects.toMatchObject({ kind: 'security' });
    expect(asked).toEqual([]);
  });
});

describe('the key of the next certificate', () => {
  it('is on the disk, for nobody else to read, before the manager is asked', async () => {
    const { serialHex } = parseCertificate(
      parseCertificates((await readMaterial(systemFiles, paths)).certificatePem)[0]!.pem,
    );
    const place = join(folder.path, 'certs/next-keys', `${serialHex}.key.pem`);
    reply = async (request) => {
      const kept = await readFile(place, 'utf8');
      expect(spkiSha256(publicKeySpki(kept))).toBe(await keyOf(request));
      expect((await stat(place)).mode & 0o777).toBe(0o600);
      expect((await stat(join(place, '..'))).mode & 0o777).toBe(0o700);
      return renewedBy(authority, request);
    };
    expect(await renew()).toMatchObject({ kind: 'renewed' });
  });

  it('is the same however often an answer is lost, and forgotten with the certificate that it follows', async () => {
    reply = () => ({ status: 503, body: {} });
    for (let times = 0; times < 3; times += 1) await expect(renew()).rejects.toThrow('503');
    reply = (request) => renewedBy(authority, request);
    await renew();
    expect(new Set(await Promise.all(asked.map(keyOf))).size).toBe(1);
    const kept = () => readdir(join(folder.path, 'certs/next-keys'));
    expect(await kept()).toHaveLength(1);
    for (let times = 0; times < 4; times += 1) {
      const end = NOW + 60_000 * (times + 2);
      reply = (request) => renewedBy(authority, request, undefined, end);
      await renew();
    }
    // Three sets of certificates are kept, and the newest has asked for nothing yet.
    expect(await kept()).toHaveLength(2);
  });

  it('is asked for again by a machine that was set back to a moment before the renewal', async () => {
    reply = () => ({ status: 503, body: {} });
    await expect(renew()).rejects.toThrow('503');
    const snapshot = join(folder.path, 'snapshot');
    await cp(join(folder.path, 'certs'), snapshot, { recursive: true, verbatimSymlinks: true });
    reply = (request) => renewedBy(authority, request);
    await renew();
    await rm(join(folder.path, 'certs'), { recursive: true });
    await cp(snapshot, join(folder.path, 'certs'), { recursive: true, verbatimSymlinks: true });
    await renew();
    expect(new Set(await Promise.all(asked.map(keyOf))).size).toBe(1);
  });

  it('that is damaged is made again', async () => {
    reply = () => ({ status: 503, body: {} });
    await expect(renew()).rejects.toThrow('503');
    const keys = join(folder.path, 'certs/next-keys');
    for (const name of await readdir(keys)) await writeFile(join(keys, name), 'no key');
    reply = (request) => renewedBy(authority, request);
    expect(await renew()).toMatchObject({ kind: 'renewed' });
  });
});
