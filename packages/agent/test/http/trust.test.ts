import { parseCertificate } from '@linux-patch/pki';
import { afterEach, describe, expect, it } from 'vitest';
import { MANUAL_IDENTITY } from '../../src/identity/store/identity-meta.ts';
import { call, startWorld, type World } from './world.ts';

let world: World;
afterEach(() => world[Symbol.asyncDispose]());

/** What a manager would send to keep everything as it is. */
function bundle() {
  const { root, issuing } = world.authority;
  const key = parseCertificate(issuing.certificatePem).spkiSha256;
  return {
    ca_crt: root.certificatePem,
    ca_chain: issuing.certificatePem,
    manager_client: { cn: 'patch-manager-client', issuer_spki: key },
    issuers: [key],
  };
}

const path = '/api/v1/identity/trust';
const notHere = () => Promise.reject(new Error('not in this world'));
const manager_client = { cn: 'patch-manager-client', issuer_spki: 'its issuer' };
/** The identity of a host that enrolled with this manager. */
const ENROLLED = {
  current: { value: { meta: { ...MANUAL_IDENTITY, manager_client } } },
  takeCrl: notHere,
  setTrust: notHere,
};

describe('PUT /api/v1/identity/trust', () => {
  it('is not for other clients of the CA, whatever else they may do', async () => {
    world = await startWorld({
      server: { allowedClients: ['patch-manager-client', 'other-tool'] },
      app: { identity: ENROLLED },
    });
    const identity = await world.authority.issueManagerClient('other-tool');
    expect((await call(world, '/api/v1/health', { identity })).status).toBe(200);
    const answer = await call(world, path, { method: 'PUT', body: bundle(), identity });
    expect([answer.status, answer.envelope.error?.code]).toEqual([403, 'FORBIDDEN']);
    expect((await world.audited()).filter((one) => one.event === 'api_call')).toMatchObject([
      { details: { path, status: 403, client: 'other-tool' } },
    ]);
  });

  it('is for nobody where certificates were copied by hand', async () => {
    world = await startWorld();
    const answer = await call(world, path, { method: 'PUT', body: bundle() });
    expect(answer.status).toBe(403);
    expect(answer.envelope.error?.message).toContain('ca.pem');
  });

  it.each([
    ['no roots', { ca_crt: undefined }],
    ['no issuers', { issuers: [] }],
    ['roots beyond measure', { ca_crt: 'x'.repeat(70_000) }],
    [
      'more issuers of the manager than a rotation has',
      { manager_client: { cn: 'x', issuer_spki: 'y', issuer_spkis: Array(8).fill('z') } },
    ],
  ])('refuses %s', async (_what, change) => {
    world = await startWorld({ app: { identity: ENROLLED } });
    const answer = await call(world, path, { method: 'PUT', body: { ...bundle(), ...change } });
    expect([answer.status, answer.envelope.error?.code]).toEqual([400, 'INVALID_REQUEST']);
  });
});
