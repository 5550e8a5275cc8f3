import {
  agentProfile,
  type CertificateProfile,
  createCrl,
  createRoot,
  generateKey,
  type Issuer,
  issueCertificate,
  issuingProfile,
  managerClientProfile,
  publicKeySpki,
  rootProfile,
  serialFrom,
  webProfile,
} from '../index.ts';

/** A certificate and its key, PEM. */
export interface TestIdentity {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
  /** The certificate and the issuing CA's, as a TLS server sends them. */
  readonly chainPem: string;
}

interface Validity {
  /** Epoch milliseconds; the authority's own `now` by default. */
  readonly now?: number;
  readonly lifetimeMs?: number;
}

/** A whole CA in memory, for tests. */
export interface TestAuthority {
  readonly root: Issuer;
  readonly issuing: Issuer;
  /** Issuing and root certificate, as an agent's `ca.pem`. */
  readonly caPem: string;
  issueAgent(
    names?: { fqdn?: string; shortName?: string; ipAddress?: string },
    validity?: Validity,
  ): Promise<TestIdentity>;
  issueManagerClient(commonName?: string, validity?: Validity): Promise<TestIdentity>;
  issueWeb(
    names?: { dnsNames?: readonly string[]; ipAddresses?: readonly string[] },
    validity?: Validity,
  ): Promise<TestIdentity>;
  /** Any profile, for a key of the caller's or a new one. */
  issue(profile: CertificateProfile, options?: Validity & { privateKeyPem?: string }): Promise<TestIdentity>;
  /** A CRL of the issuing CA, good for a week, with these serial numbers. */
  createCrl(serials?: readonly string[]): Promise<string>;
}

/** A fresh root and issuing CA at `now` (epoch ms). Serial numbers count up, so a failing test fails the same way. */
export async function testAuthority(options: { readonly now: number }): Promise<TestAuthority> {
  const nextSerial = serialCounter();
  const rootKey = await generateKey();
  const rootPem = await createRoot({
    profile: rootProfile('Test Root CA'),
    privateKeyPem: rootKey,
    serial: nextSerial(),
    now: options.now,
  });
  const root: Issuer = { certificatePem: rootPem, privateKeyPem: rootKey };
  const issuingKey = await generateKey();
  const issuingPem = await issueCertificate({
    profile: issuingProfile('Test Issuing CA'),
    subjectSpki: publicKeySpki(issuingKey),
    issuer: root,
    serial: nextSerial(),
    now: options.now,
  });
  const issuing: Issuer = { certificatePem: issuingPem, privateKeyPem: issuingKey };

  const issue: TestAuthority['issue'] = async (profile, wanted = {}) => {
    const privateKeyPem = wanted.privateKeyPem ?? (await generateKey());
    const certificatePem = await issueCertificate({
      profile,
      subjectSpki: publicKeySpki(privateKeyPem),
      issuer: issuing,
      serial: nextSerial(),
      now: wanted.now ?? options.now,
      lifetimeMs: wanted.lifetimeMs,
    });
    return { certificatePem, privateKeyPem, chainPem: certificatePem + issuingPem };
  };

  return {
    root,
    issuing,
    caPem: issuingPem + rootPem,
    issue,
    issueAgent: (names, validity) =>
      issue(agentProfile({ fqdn: 'host.example.test', ipAddress: '127.0.0.1', ...names }), validity),
    issueManagerClient: (commonName, validity) => issue(managerClientProfile(commonName), validity),
    issueWeb: (names, validity) =>
      issue(webProfile({ dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'], ...names }), validity),
    createCrl: (serials = []) =>
      createCrl({
        issuer: issuing,
        revoked: serials.map((serialHex) => ({ serialHex, revokedAtMs: options.now })),
        number: 1n,
        now: options.now,
        nextUpdateMs: options.now + 7 * 86_400_000,
      }),
  };
}

function serialCounter(): () => string {
  let count = 0;
  return () => {
    const bytes = new Uint8Array(16);
    bytes.set([0xa0], 0);
    new DataView(bytes.buffer).setUint32(12, ++count);
    return serialFrom(bytes);
  };
}
