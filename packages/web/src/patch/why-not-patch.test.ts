import type { Host } from '@linux-patch/contract';
import { describe, expect, it } from 'vitest';
import { whyNotPatch } from './why-not-patch.ts';

type Known = Parameters<typeof whyNotPatch>[0];
const host = (
  identity: Host['identity']['state'],
  jobKey: Host['job_key']['state'],
  left_at: string | null = null,
): Known =>
  ({
    fqdn: 'web1.example',
    left_at,
    identity: { state: identity },
    job_key: { state: jobKey, pinned: null, by: null },
  }) as Known;

describe('Why a host cannot be patched', () => {
  it.each(['pinned', 'behind', 'none', 'unsupported', 'unknown'] as const)(
    'is nothing while its job key is %s, for then the change goes through or mends it',
    (state) => expect(whyNotPatch(host('ok', state))).toBeUndefined(),
  );

  it.each([
    [host('ok', 'foreign'), /another job key than the one of this manager.*trust-job-key/],
    [host('ok', 'unreadable'), /cannot be read.*trust-job-key/],
    [host('unreached', 'unknown'), /never reached.*linux-patch-api status/],
    [host('revoked', 'pinned'), /revoked/],
    [host('left', 'pinned', '2026-11-28T09:00:00.000Z'), /has left/],
  ])('names the host, what is wrong and what to do', (one, words) => {
    expect(whyNotPatch(one)).toMatch(words);
    expect(whyNotPatch(one)).toMatch(/^web1\.example/);
  });
});
