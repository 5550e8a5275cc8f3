import { expect, it } from 'vitest';
import { beginRenewal, failRenewal, recordOf, replaceCertificate } from './progress.ts';

const NOW = Date.UTC(2026, 10, 25);
const DAY_MS = 86_400_000;
const certificate = (serialHex: string) => ({
  serialHex,
  policy: { notBeforeMs: NOW, notAfterMs: NOW + 365 * DAY_MS, draw: 0.5, thresholdDays: 7 },
});

it('that another machine holds the certificate is remembered, also over a restart, until there is another one', () => {
  const failure = { now: NOW, reason: 'two machines', pauseMs: 0, forked: true };
  const forked = failRenewal(beginRenewal(certificate('0a'), NOW), failure);
  const later = failRenewal(forked, { ...failure, reason: 'the manager is away', forked: false });
  expect([forked.forked, later.forked]).toEqual([true, true]);
  expect(beginRenewal(certificate('0a'), NOW, recordOf(later)).forked).toBe(true);
  expect(beginRenewal(certificate('0b'), NOW, recordOf(later)).forked).toBe(false);
  expect(replaceCertificate(certificate('0b'), NOW).forked).toBe(false);
});
