import { beforeAll, expect, test } from 'vitest';
import { parseCertificate } from './certificates.ts';
import { generateKey } from './keys.ts';
import { createLeaveProof, verifyLeaveProof } from './leave-proof.ts';
import { createRenewalProof, verifyRenewalProof } from './renewal-proof.ts';
import { createRequest } from './request.ts';
import { type TestIdentity, testAuthority } from './testing/index.ts';

const NOW_S = Date.UTC(2026, 5, 1) / 1000;
const AUDIENCE = 'https://manager.example.test:8443/api/v1/enroll/leave';
let agent: TestIdentity;

beforeAll(async () => {
  agent = await (await testAuthority({ now: NOW_S * 1000 })).issueAgent();
});

function proof() {
  return {
    privateKeyPem: agent.privateKeyPem,
    certificateChainPem: agent.chainPem,
    audience: AUDIENCE,
    nowS: NOW_S,
    jti: 'c0ffee00-1',
  };
}

test('the holder of the current key proves that its host leaves', () => {
  const verified = verifyLeaveProof({ jws: createLeaveProof(proof()), audience: AUDIENCE, nowS: NOW_S });
  expect(verified.certificate.serialHex).toBe(parseCertificate(agent.certificatePem).serialHex);
  expect(verified.jti).toBe('c0ffee00-1');
});

test('a proof of leaving renews nothing, and a renewal proof lets no host go, whatever the address', async () => {
  const csrPem = await createRequest({
    privateKeyPem: await generateKey(),
    commonName: 'x',
    dnsNames: [],
    ipAddresses: [],
  });
  const renewal = createRenewalProof({ ...proof(), csrPem });
  expect(() => verifyLeaveProof({ jws: renewal, audience: AUDIENCE, nowS: NOW_S })).toThrow(
    /does not say that the host leaves/,
  );
  const leaving = createLeaveProof(proof());
  expect(() => verifyRenewalProof({ jws: leaving, audience: AUDIENCE, csrPem, nowS: NOW_S })).toThrow(
    /another certificate request/,
  );
});

test('a proof by another key than the one of the certificate is refused', async () => {
  const forged = createLeaveProof({ ...proof(), privateKeyPem: await generateKey() });
  expect(() => verifyLeaveProof({ jws: forged, audience: AUDIENCE, nowS: NOW_S })).toThrow(
    expect.objectContaining({ code: 'UNAUTHORIZED' }),
  );
});
