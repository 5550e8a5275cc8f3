import type { Host } from '@linux-patch/contract';
import { describe, expect, it } from 'vitest';
import { describeDue, describeReboots } from './follow-reboot.ts';

const host = (fqdn: string, needed: boolean | null) =>
  ({ fqdn, reboot: { needed, reasons: [], said_at: null } }) as unknown as Host;

describe('what --reboot will mean on several hosts', () => {
  it('has how many they are, their names, the delay, and which need one already', () => {
    expect(
      describeReboots([host('db1.test', true), host('db2.test', false), host('db3.test', null)], {
        delaySeconds: 300,
        wait: false,
        parallel: 8,
      }),
    ).toBe(
      '3 hosts (db1.test, db2.test, db3.test): each that needs a reboot when its job is done reboots 5 min after the job, also when nothing has to be installed. ' +
        'Need one already, as they last said: 1 host: db1.test; not known of 1 host. To cancel: "cancel-reboot" here, or "shutdown -c" on the host. Nobody waits for these reboots.',
    );
  });

  it('names a few of many, and none where none needs one', () => {
    const many = Array.from({ length: 300 }, (_, number) => host(`web${number}`, false));
    const words = describeReboots(many, { delaySeconds: 0, wait: true, parallel: 8 });
    expect(words).toMatch(/^300 hosts \(web0, web1, .*web7 and 292 more\): each .* reboots at once, /);
    expect(words).toMatch(/as they last said: none\. At most 8 hosts at a time, each until it is back\.$/);
  });
});

describe('the reboot that a job announced', () => {
  const now = Date.UTC(2026, 10, 23);
  const due = (distanceMs: number, delay_seconds: number) =>
    describeDue({ due_at: new Date(now + distanceMs).toISOString(), delay_seconds, reasons: [] }, now);

  it.each([
    [300_000, 300, 'reboots in 5 min'],
    [-3_000, 0, 'reboots now'],
    [-12 * 60_000, 300, 'was to reboot, by its clock, 12 min ago'],
  ])('%d ms from now after a delay of %d s', (distanceMs, delaySeconds, words) => {
    expect(due(distanceMs, delaySeconds)).toBe(words);
  });

  it('is no later than its delay where the clock of the host is ahead', () => {
    expect([due(7_500_000, 300), due(7_200_000, 0)]).toEqual(['reboots in 5 min', 'reboots now']);
  });
});
