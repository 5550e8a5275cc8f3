import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bundle } from '@linux-patch/contract';
import { testAuthority } from '@linux-patch/pki/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CurrentManager, startCurrentManager } from './current-manager.ts';
import { createJoiningHost, FQDN, type JoiningHost, NOW } from './joining-host.ts';

let host: JoiningHost;
let manager: CurrentManager;

const enrol = (until?: () => boolean) => host.enrol({ managerUrl: new URL(manager.url) }, until);
const refused = () => host.audited.filter((one) => one.event === 'enrollment_bundle_refused').length;

/** A host whose code the administrator has typed, and that has fetched no approval yet. */
beforeAll(async () => {
  host = await createJoiningHost();
  manager = await startCurrentManager(NOW);
  const pending = { status: 200, body: { status: 'pending' } };
  manager.before = [pending, pending];
  await enrol(() => manager.verdicts.length >= 1);
  manager.before = [];
  const state = await readFile(join(host.root, 'data/enrollment.json'), 'utf8');
  manager.code = (JSON.parse(state) as { host_code: string }).host_code;
});
afterAll(async () => {
  await manager[Symbol.asyncDispose]();
  await host[Symbol.asyncDispose]();
});

describe('the host code', () => {
  const other = testAuthority({ now: NOW });
  it.each<[string, (bundle: Bundle) => Bundle | Promise<Bundle>]>([
    [
      'an approval without proof',
      ({ ext, ...bundle }) => ({
        ...bundle,
        ext: ext && { v: 1, request_id: ext.request_id, manager_client: ext.manager_client },
      }),
    ],
    ['an approval whose extension was taken away', ({ ext: _, ...bundle }) => bundle],
    [
      'a proof made with another code',
      (bundle) => ({ ...bundle, ext: bundle.ext && { ...bundle.ext, tag_m: 'A'.repeat(43) } }),
    ],
    ['another CA', async (bundle) => ({ ...bundle, ca_crt: (await other).root.certificatePem })],
    [
      'a second CA beside the real one',
      async (bundle) => ({ ...bundle, ca_crt: bundle.ca_crt + (await other).root.certificatePem }),
    ],
    [
      'a certificate of another CA',
      async (bundle) => ({
        ...bundle,
        server_crt: (await (await other).issueAgent({ fqdn: FQDN })).chainPem,
      }),
    ],
    [
      'a certificate for another key',
      async (bundle) => ({
        ...bundle,
        server_crt: (await manager.authority.issueAgent({ fqdn: FQDN })).chainPem,
      }),
    ],
    [
      'a private key',
      async (bundle) => ({
        ...bundle,
        server_key: (await manager.authority.issueAgent({ fqdn: FQDN })).privateKeyPem,
      }),
    ],
    [
      'another client that may call',
      (bundle) => ({
        ...bundle,
        ext: bundle.ext && {
          ...bundle.ext,
          manager_client: { ...bundle.ext.manager_client, cn: 'somebody' },
        },
      }),
    ],
    ['another revocation list', async (bundle) => ({ ...bundle, crl_pem: await (await other).createCrl() })],
  ])('lets nobody in the middle install %s', async (_what, spoil) => {
    manager.spoil = spoil;
    const before = refused();
    expect(await enrol(() => refused() >= before + 2)).toEqual({ kind: 'stopped' });
    expect(await host.status()).toBe('missing');
  });

  it('lets the true approval in after all of these, of the same request', async () => {
    manager.spoil = (bundle) => bundle;
    expect(await enrol()).toEqual({ kind: 'installed' });
    expect(manager.registrations).toHaveLength(1);
  });
});
