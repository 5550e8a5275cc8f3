import type { Host } from '@linux-patch/contract';
import { describe, expect, it } from 'vitest';
import { describeReboots } from './follow-reboot.ts';

const host = (fqdn: string, needed: boolean | null) =>
  ({ fqdn, reboot: { needed, reasons: [], said_at: null } }) as unknown as Host;

describe('what --reboot will mean on several hosts', () => {
  it('has how many they are, their names, the delay, and which need one already', () => {
    expect(
      describeReboots([host('db1.test', true), host('db2.test', false), host('db3.test', null)], 300),
    ).toBe(
      '3 hosts (db1.test, db2.test, db3.test): each that needs a reboot when its job is done reboots 5 min after the job, also when nothing has to be installed. ' +
        'Need one already, as they last said: 1 host: db1.test; not known of 1 host. To cancel: "shutdown -c" on the host. Nobody waits for these reboots.',
    );
  });

  it('names a few of many, and none where none needs one', () => {
    const many = Array.from({ length: 300 }, (_, number) => host(`web${number}`, false));
    const words = describeReboots(many, 0);
    expect(words).toMatch(/^300 hosts \(web0, web1, .*web7 and 292 more\): each .* reboots at once, /);
    expect(words).toContain('as they last said: none. Nobody');
  });
});
