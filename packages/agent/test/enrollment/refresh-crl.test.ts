import { join } from 'node:path';
import {
  certificatePoint,
  createCrl,
  type Issuer,
  MANAGER_POINT,
  parseCertificates,
  parseCrl,
} from '@linux-patch/pki';
import { type TestAuthority, testAuthority } from '@linux-patch/pki/testing';
import { systemFiles } from '@linux-patch/runtime/node';
import { ManualClock, memoryLogger, temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { chooseProxy } from '../../src/host/proxy.ts';
import { listInForce, ownRevocation } from '../../src/identity/revocation/in-force.ts';
import { storeList } from '../../src/identity/revocation/list.ts';
import { createListSource } from '../../src/identity/revocation/refresh.ts';
import { MANUAL_IDENTITY } from '../../src/identity/store/identity-meta.ts';
import { readMaterial } from '../../src/identity/store/material.ts';
import { type CertificatePaths, pathsIn } from '../../src/identity/store/paths.ts';
import { installGeneration } from '../../src/identity/store/store.ts';
import { startWebServer } from '../web-server.ts';
import { startConnectProxy } from './connect-proxy.ts';

// TLS checks certificates by the machine's own clock.
const NOW = Math.floor(Date.now() / 1000) * 1000;
const HOUR_MS = 3_600_000;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let authority: TestAuthority;
let paths: CertificatePaths;
let served: { status: number; text: string };
let asked = 0;
let askedPath: string | undefined;
let manager: Awaited<ReturnType<typeof startWebServer>>;

/** A list that is good from `at` for a day. */
const listAt = (
  at: number,
  serials: readonly string[] = [],
  { issuer = authority.issuing, points }: { issuer?: Issuer; points?: readonly string[] } = {},
) =>
  createCrl({
    ...(points ? { points } : {}),
    issuer,
    revoked: serials.map((serialHex) => ({ serialHex, revokedAtMs: at })),
    number: BigInt(at),
    now: at,
    nextUpdateMs: at + 24 * HOUR_MS,
  });

beforeAll(async () => {
  folder = await temporaryFolder();
  authority = await testAuthority({ now: NOW });
  const web = await authority.issueWeb();
  manager = await startWebServer(web, (request, response) => {
    asked += 1;
    askedPath = request.url;
    response.writeHead(served.status).end(served.text);
  });
});
afterAll(async () => {
  await manager[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});
beforeEach(async () => {
  asked = 0;
  const certs = join(folder.path, 'certs');
  paths = pathsIn(certs);
  const own = await authority.issueAgent();
  const material = {
    caPem: authority.root.certificatePem,
    certificatePem: own.chainPem,
    keyPem: own.privateKeyPem,
    crlPem: await listAt(NOW),
  };
  await installGeneration({ files: systemFiles, paths, material, meta: MANUAL_IDENTITY });
  served = { status: 200, text: await listAt(NOW + 13 * HOUR_MS, ['0a']) };
});

/** Fetches a list when it is time, and puts it on disk; whether there is another one then. */
const refresh = async (now: number, proxyFor = chooseProxy({ configured: undefined, environment: {} })) => {
  const place = { files: systemFiles, paths, clock: new ManualClock(now), thresholdDays: 7 };
  const source = createListSource({ place, logger: memoryLogger(), proxyFor });
  const pem = await source.fetchDue(manager.url, new AbortController().signal);
  return pem !== undefined && (await storeList(place, pem)).changed;
};
const store = (pem: string) => storeList({ files: systemFiles, paths }, pem);
const isOwnRevoked = async () => {
  const material = await readMaterial(systemFiles, paths);
  return ownRevocation({ material, list: listInForce(material, undefined) }) !== undefined;
};
const stored = async () => parseCrl((await readMaterial(systemFiles, paths)).crlPem ?? '');

describe('the revocation list', () => {
  it('is left alone in the first half of its life', async () => {
    expect(await refresh(NOW + 11 * HOUR_MS)).toBe(false);
    expect(asked).toBe(0);
  });

  it('is fetched in the second half, and the fixed path stays a link to the current set', async () => {
    expect(await refresh(NOW + 13 * HOUR_MS)).toBe(true);
    expect((await stored()).serials).toEqual(new Set(['0a']));
    expect(await systemFiles.readLink(paths.crl)).toBe('current/crl.pem');
  });

  it('is fetched through the proxy when there is one', async () => {
    await using proxy = await startConnectProxy();
    const proxyFor = chooseProxy({ configured: proxy.url, environment: {} });
    expect(await refresh(NOW + 13 * HOUR_MS, proxyFor)).toBe(true);
    expect(proxy.asked).toHaveLength(1);
  });

  it('of another CA is refused, and so is an older one', async () => {
    const other = await testAuthority({ now: NOW });
    served = { status: 200, text: await listAt(NOW + 13 * HOUR_MS, [], { issuer: other.issuing }) };
    await expect(refresh(NOW + 13 * HOUR_MS)).rejects.toMatchObject({ code: 'CRL_REFUSED' });
    served = { status: 200, text: await listAt(NOW - HOUR_MS) };
    await expect(refresh(NOW + 13 * HOUR_MS)).rejects.toMatchObject({ code: 'CRL_REFUSED' });
    expect((await stored()).serials.size).toBe(0);
  });

  it('that is damaged is replaced', async () => {
    await systemFiles.writeDurably({
      path: join(folder.path, 'certs/current/crl.pem'),
      data: 'half',
      mode: 0o644,
    });
    expect(await refresh(NOW)).toBe(true);
    expect((await stored()).serials).toEqual(new Set(['0a']));
  });

  it.each([
    [500, 'Failed to generate CRL'],
    [404, ''],
    [200, '<html></html>'],
  ])('stays when the manager answers %d %j', async (status, text) => {
    served = { status, text };
    await expect(refresh(NOW + 13 * HOUR_MS)).rejects.toThrow();
    expect((await stored()).thisUpdateMs).toBe(NOW);
  });

  it('is asked for by the own serial number, and at once when the one at hand is not about this host', async () => {
    const [own] = parseCertificates((await readMaterial(systemFiles, paths)).certificatePem);
    const serial = own?.serialHex ?? '';
    await store(await listAt(NOW, [], { points: [MANAGER_POINT] }));
    const points = [MANAGER_POINT, certificatePoint(serial)];
    served = { status: 200, text: await listAt(NOW + 1, [serial], { points }) };
    expect(await refresh(NOW + HOUR_MS)).toBe(true);
    expect(askedPath).toBe(`/api/v1/pki/crl.pem?serial=${serial}`);
    expect(await refresh(NOW + HOUR_MS)).toBe(false);
    expect(await isOwnRevoked()).toBe(true);
  });

  it('that names this host is not forgotten for one that is not about it, nor for one about others', async () => {
    const [own] = parseCertificates((await readMaterial(systemFiles, paths)).certificatePem);
    const serial = own?.serialHex ?? '';
    const points = [MANAGER_POINT, certificatePoint(serial)];
    await store(await listAt(NOW + 1, [serial], { points }));
    for (const other of [[MANAGER_POINT], [certificatePoint('0a')]]) {
      const list = await listAt(NOW + 2, [], { points: other });
      await expect(store(list)).rejects.toMatchObject({ code: 'CRL_REFUSED' });
    }
    expect(await isOwnRevoked()).toBe(true);
  });

  it('that names its serial number without being about it says nothing about it', async () => {
    const [own] = parseCertificates((await readMaterial(systemFiles, paths)).certificatePem);
    const list = await listAt(NOW + 1, [own?.serialHex ?? ''], { points: [MANAGER_POINT] });
    await store(list);
    expect(await isOwnRevoked()).toBe(false);
  });
});
