import { expect, it } from 'vitest';
import { rebootSentence } from './reboot-sentence.ts';

it('a reboot that a job announced is to come until it is due, and was to come from then on', () => {
  const due = Date.UTC(2026, 10, 23);
  const reboot = { due_at: new Date(due).toISOString(), delay_seconds: 300, reasons: ['a newer kernel'] };
  expect(rebootSentence(reboot, due - 1_000)).toMatch(
    /^The host reboots at .* by its clock: a newer kernel\.$/,
  );
  expect(rebootSentence(reboot, due + 1_000)).toMatch(/^The host was to reboot at /);
});
