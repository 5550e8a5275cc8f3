import { beforeAll, describe, expect, it } from 'vitest';
import { parseCertificate } from './certificates.ts';
import {
  generateJobKey,
  isVouchedFor,
  jobKeyFingerprint,
  jobPublicKey,
  leadsToJobKey,
  signKeyChange,
  vouchForJobKey,
} from './job-key.ts';
import { generateKey } from './keys.ts';
import { type TestAuthority, testAuthority } from './testing/index.ts';

let ours: TestAuthority;
let stranger: TestAuthority;
let first: string;
let second: string;
let third: string;

const rootOf = (authority: TestAuthority) => parseCertificate(authority.root.certificatePem);
const nameOf = (privateKeyPem: string) => jobKeyFingerprint(jobPublicKey(privateKeyPem));

function offerOf(
  privateKeyPem: string,
  authority: TestAuthority,
  changes: ReturnType<typeof signKeyChange>[] = [],
) {
  const key = jobPublicKey(privateKeyPem);
  return { key, vouchers: [vouchForJobKey(key, authority.root, rootOf(authority).spkiSha256)], changes };
}

beforeAll(async () => {
  const now = Date.UTC(2026, 10, 28);
  [ours, stranger] = await Promise.all([testAuthority({ now }), testAuthority({ now })]);
  [first, second, third] = await Promise.all([generateJobKey(), generateJobKey(), generateJobKey()]);
});

describe('a job key', () => {
  it('has a name that people can compare, and no other kind of key is one', async () => {
    expect(nameOf(first)).toMatch(/^SHA256:[\w-]{43}$/);
    expect(nameOf(first)).not.toBe(nameOf(second));
    const ecKey = await generateKey();
    expect(() => jobPublicKey(ecKey)).toThrow(RangeError);
  });

  it('counts when a CA that is trusted vouches for exactly this key', () => {
    const offer = offerOf(first, ours);
    expect(isVouchedFor(offer, [rootOf(ours)])).toBe(true);
    expect(isVouchedFor(offer, [rootOf(stranger)])).toBe(false);
    expect(isVouchedFor({ ...offer, key: jobPublicKey(second) }, [rootOf(ours)])).toBe(false);
    const [voucher] = offerOf(first, stranger).vouchers;
    const renamed = { ...offer, vouchers: [{ ...voucher!, ca: rootOf(ours).spkiSha256 }] };
    expect(isVouchedFor(renamed, [rootOf(ours)])).toBe(false);
  });

  it('is followed through changes that each key before it signed, from wherever a host was', () => {
    const changes = [signKeyChange(first, jobPublicKey(second)), signKeyChange(second, jobPublicKey(third))];
    const offer = offerOf(third, ours, changes);
    expect([first, second, third].map((key) => leadsToJobKey(nameOf(key), offer))).toEqual([
      true,
      true,
      true,
    ]);
  });

  it('is not followed over a gap, a change that another key signed, or from a key that was never there', async () => {
    const forged = { ...signKeyChange(third, jobPublicKey(second)), from: jobPublicKey(first) };
    expect(leadsToJobKey(nameOf(first), offerOf(second, ours, [forged]))).toBe(false);
    const late = offerOf(third, ours, [signKeyChange(second, jobPublicKey(third))]);
    expect(leadsToJobKey(nameOf(first), late)).toBe(false);
    const elsewhere = offerOf(third, ours, [signKeyChange(first, jobPublicKey(second))]);
    expect(leadsToJobKey(nameOf(first), elsewhere)).toBe(false);
  });
});
