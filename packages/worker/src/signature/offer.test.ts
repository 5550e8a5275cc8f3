import type { HostJobKey, JobKeyOffer, JobKeyWay } from '@linux-patch/contract';
import {
  type CertificateFacts,
  generateJobKey,
  jobKeyFingerprint,
  jobPublicKey,
  parseCertificate,
  signKeyChange,
  spkiFingerprint,
  vouchForJobKey,
} from '@linux-patch/pki';
import { type TestAuthority, testAuthority } from '@linux-patch/pki/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { judgeOffer } from './offer.ts';
import type { Pin } from './pinned-key.ts';

const NOTHING: HostJobKey = { pinned: null, by: null, foreign: null };

let ours: TestAuthority;
let stranger: TestAuthority;
let roots: CertificateFacts[];
let first: string;
let second: string;

const nameOf = (privateKeyPem: string) => jobKeyFingerprint(jobPublicKey(privateKeyPem));
const rootOf = (authority: TestAuthority) => parseCertificate(authority.root.certificatePem);

function offerOf(
  privateKeyPem: string,
  more: { readonly by?: TestAuthority; readonly changes?: JobKeyOffer['changes'] } = {},
): JobKeyOffer {
  const { by = ours, changes = [] } = more;
  const key = jobPublicKey(privateKeyPem);
  return { key, vouchers: [vouchForJobKey(key, by.root, rootOf(by).spkiSha256)], changes };
}

/** @param way whose word speaks for it */
const judge = (held: HostJobKey & Partial<Pin>, offer: JobKeyOffer, way: JobKeyWay = 'first_sight') =>
  judgeOffer(held, offer, {
    roots,
    authority: way === 'join' ? spkiFingerprint(ours.root.certificatePem) : undefined,
    isChosen: way === 'root',
  });
const pinned = (privateKeyPem: string, by: JobKeyWay, foreign: string | null = null): HostJobKey => ({
  pinned: nameOf(privateKeyPem),
  by,
  foreign,
});

beforeAll(async () => {
  const now = Date.UTC(2026, 10, 28);
  [ours, stranger] = await Promise.all([testAuthority({ now }), testAuthority({ now })]);
  [first, second] = await Promise.all([generateJobKey(), generateJobKey()]);
  roots = [rootOf(ours)];
});

describe('a key that a manager offers', () => {
  it.each<JobKeyWay>(['first_sight', 'join', 'root'])('is pinned by a host that pins none: %s', (way) => {
    expect(judge(NOTHING, offerOf(first), way)).toEqual({
      kind: 'pinned',
      pin: pinned(first, way),
      followed: false,
    });
  });

  it.each<JobKeyWay>(['first_sight', 'join', 'root'])(
    'for which no CA of this host vouches counts for nothing: %s',
    (way) => {
      expect(judge(NOTHING, offerOf(first, { by: stranger }), way)).toEqual({ kind: 'unvouched' });
    },
  );

  it('that is pinned already changes nothing, and stronger words for it are written down', () => {
    const held = pinned(first, 'first_sight');
    expect(judge(held, offerOf(first))).toEqual({ kind: 'known' });
    expect(judge(held, offerOf(first), 'join')).toMatchObject({ pin: pinned(first, 'join') });
    expect(judge(pinned(first, 'root'), offerOf(first))).toEqual({ kind: 'known' });
  });

  it('that is pinned ends the talk of a foreign one', () => {
    const held = pinned(first, 'join', nameOf(second));
    expect(judge(held, offerOf(first))).toMatchObject({ kind: 'pinned', pin: pinned(first, 'join') });
  });

  it('that the pinned one signed takes its place, believed for the same reason', () => {
    const changes = [signKeyChange(first, jobPublicKey(second))];
    expect(judge(pinned(first, 'join'), offerOf(second, { changes }))).toEqual({
      kind: 'pinned',
      pin: pinned(second, 'join'),
      followed: true,
    });
  });

  it('that the pinned one signed, and no CA vouches for, does not: whoever stole a key needs the CA as well', () => {
    const changes = [signKeyChange(first, jobPublicKey(second))];
    const offer = offerOf(second, { by: stranger, changes });
    expect(judge(pinned(first, 'join'), offer)).toEqual({ kind: 'unvouched' });
  });

  it('that nothing leads to is noted as foreign once, and the pinned one goes on to count', () => {
    const held = pinned(first, 'first_sight');
    const noted = pinned(first, 'first_sight', nameOf(second));
    expect(judge(held, offerOf(second))).toEqual({ kind: 'foreign', pin: noted });
    expect(judge(noted, offerOf(second))).toEqual({ kind: 'known' });
  });

  it('that counted here before is no candidate, is told once, and counts again by the word of root alone', () => {
    const held = { ...pinned(second, 'join'), replaced: [nameOf(first)], refused: null };
    expect(judge(held, offerOf(first))).toEqual({
      kind: 'replaced',
      offered: nameOf(first),
      pinned: nameOf(second),
    });
    expect(judge({ ...held, refused: nameOf(first) }, offerOf(first))).toEqual({ kind: 'known' });
    expect(judge(held, offerOf(first), 'root')).toMatchObject({ pin: pinned(first, 'root') });
    const changes = [signKeyChange(second, jobPublicKey(first))];
    expect(judge(held, offerOf(first, { changes }))).toMatchObject({ kind: 'pinned', followed: true });
    expect(judge({ ...NOTHING, replaced: [nameOf(first)] }, offerOf(first))).toMatchObject({
      kind: 'pinned',
    });
  });

  it('takes the place of any other where root chooses the manager, and by no join string', () => {
    const held = pinned(first, 'join');
    expect(judge(held, offerOf(second), 'root')).toMatchObject({ pin: pinned(second, 'root') });
    expect(judge(held, offerOf(second), 'join')).toMatchObject({ kind: 'foreign' });
    expect(judge({ ...held, next: nameOf(second) }, offerOf(second))).toMatchObject({
      pin: pinned(second, 'root'),
    });
  });

  it('is pinned by a join string alone when its CA vouches for it, whatever else this host trusts', () => {
    const context = {
      roots: [...roots, rootOf(stranger)],
      authority: spkiFingerprint(stranger.root.certificatePem),
      isChosen: false,
    };
    const { authority } = context;
    expect(judgeOffer(NOTHING, offerOf(first), context)).toEqual({ kind: 'uncertified', authority });
    expect(judgeOffer(NOTHING, offerOf(first, { by: stranger }), context)).toMatchObject({
      pin: pinned(first, 'join'),
    });
    const chosen = { ...context, isChosen: true };
    expect(judgeOffer(NOTHING, offerOf(first), chosen)).toEqual({ kind: 'uncertified', authority });
  });

  it('is not pinned where root said that none is to be, unless root chooses a manager anew', () => {
    const none: HostJobKey = { ...NOTHING, by: 'root' };
    expect(judge(none, offerOf(first))).toEqual({ kind: 'known' });
    expect(judge(none, offerOf(first), 'join')).toEqual({ kind: 'known' });
    expect(judge(none, offerOf(first), 'root')).toMatchObject({ pin: pinned(first, 'root') });
  });
});
