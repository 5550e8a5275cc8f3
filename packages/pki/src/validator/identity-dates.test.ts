import { describe, expect, test } from 'vitest';
import { agent, authority, CA, CERTIFICATE, check, DAY_MS, NOW } from '../../test/judged-identity.ts';
import { parseCertificate } from '../certificates.ts';
import { issueCertificate } from '../issue.ts';
import { generateKey, publicKeySpki } from '../keys.ts';
import { agentProfile, issuingProfile } from '../profiles.ts';
import { renewalPoint } from '../renewal-policy.ts';
import { testAuthority } from '../testing/index.ts';

test('an identity expires soon when less than the threshold is left on the server certificate', () => {
  const end = parseCertificate(agent.certificatePem).notAfterMs;
  expect(check({ now: end - 7 * DAY_MS }).status).toBe('valid');
  const soon = check({ now: end - 7 * DAY_MS + 1 });
  expect(soon).toMatchObject({
    status: 'expiring_soon',
    message: expect.stringContaining(`${CERTIFICATE} expires`),
  });
});

test('one of a short life does not expire soon before half of that is over, when it is renewed', async () => {
  const short = await authority.issueAgent({}, { now: NOW, lifetimeMs: 6 * DAY_MS });
  const files = { certificate: short.certificatePem, key: short.privateKeyPem };
  const { notBeforeMs, notAfterMs } = parseCertificate(short.certificatePem);
  const middle = notBeforeMs + (notAfterMs - notBeforeMs) / 2;
  expect(notAfterMs - NOW).toBeLessThan(7 * DAY_MS);
  expect(check({ ...files, now: NOW }).status).toBe('valid');
  expect(check({ ...files, now: middle }).status).toBe('valid');
  expect(check({ ...files, now: middle + 1 }).status).toBe('expiring_soon');
  expect(renewalPoint({ notBeforeMs, notAfterMs, draw: 0.9, thresholdDays: 7 })).toBe(middle);
});

test('an identity expires soon when less than the threshold is left on the CA it chains to', async () => {
  const now = NOW + 1090 * DAY_MS;
  const late = await authority.issueAgent({}, { now });
  const status = check({ certificate: late.certificatePem, key: late.privateKeyPem, now });
  expect(status.status).toBe('expiring_soon');
});

describe('validity dates', () => {
  test('an expired server certificate is reported with dates, serial and the host clock', () => {
    const { serialHex } = parseCertificate(agent.certificatePem);
    const status = check({ now: NOW + 367 * DAY_MS });
    expect(status).toMatchObject({ status: 'expired', code: 'CERT_EXPIRED', facts: { serialHex } });
    expect(status.message).toContain(`server certificate in ${CERTIFICATE}`);
    expect(status.message).toContain(`serial ${serialHex}`);
    expect(status.message).toContain('expired on 2027-06-01T00:00:00.000Z, 2 days ago');
    expect(status.message).toContain("this host's clock says 2027-06-03T00:00:00.000Z");
  });

  test('the CA is looked at first', () => {
    const status = check({ now: NOW + 1096 * DAY_MS });
    expect(status).toMatchObject({
      status: 'expired',
      message: expect.stringContaining(`CA certificate in ${CA}`),
    });
  });

  test('a certificate from the future is not yet valid, after five minutes of grace', () => {
    const begin = parseCertificate(agent.certificatePem).notBeforeMs;
    expect(check({ now: begin - 300_000 }).status).toBe('valid');
    const status = check({ now: begin - 300_001 });
    expect(status).toMatchObject({ status: 'not_yet_valid', code: 'CERT_NOT_YET_VALID' });
    expect(status.message).toMatch(/not valid before 2026-05-31T23:55:00.000Z.*clock/);
  });

  test('dates come before the key match', () => {
    expect(check({ now: NOW + 367 * DAY_MS, key: authority.root.privateKeyPem }).status).toBe('expired');
  });
});

describe('several CAs during a rotation', () => {
  test('an expired or foreign CA beside the good one does no harm', async () => {
    const old = await testAuthority({ now: NOW - 3000 * DAY_MS });
    const foreign = await testAuthority({ now: NOW });
    expect(check({ ca: old.caPem + foreign.caPem + authority.caPem }).status).toBe('valid');
  });

  test('an expired certificate of the same CA key gives way to the renewed one', async () => {
    const now = NOW + 1200 * DAY_MS;
    const renewed = await issueCertificate({
      profile: issuingProfile('Test Issuing CA'),
      subjectSpki: publicKeySpki(authority.issuing.privateKeyPem),
      issuer: authority.root,
      serial: '77',
      now,
    });
    const privateKeyPem = await generateKey();
    const certificate = await issueCertificate({
      profile: agentProfile({ fqdn: 'host.example.test', ipAddress: '127.0.0.1' }),
      subjectSpki: publicKeySpki(privateKeyPem),
      issuer: { certificatePem: renewed, privateKeyPem: authority.issuing.privateKeyPem },
      serial: '78',
      now,
    });
    expect(check({ ca: authority.caPem + renewed, certificate, key: privateKeyPem, now }).status).toBe(
      'valid',
    );
    expect(check({ ca: authority.caPem, certificate, key: privateKeyPem, now }).status).toBe('expired');
  });

  test('when no CA signed the certificate but all of them have expired, that is said', async () => {
    const old = await testAuthority({ now: NOW - 3700 * DAY_MS });
    expect(check({ ca: old.caPem })).toMatchObject({
      status: 'expired',
      message: expect.stringContaining(CA),
    });
  });
});
