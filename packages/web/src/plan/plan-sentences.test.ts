import type { Plan } from '@linux-patch/contract';
import { describe, expect, it } from 'vitest';
import { sumOf, warningsOf, whyNotApply } from './plan-sentences.ts';
import { mendingOf, stepSecurity } from './step-security.ts';

const NOW = Date.UTC(2026, 10, 28, 12);

const plan = (rest: Partial<Plan> = {}): Plan => ({
  plan_hash: 'a'.repeat(64),
  steps: [
    {
      action: 'upgrade',
      name: 'toylib',
      architecture: 'amd64',
      from: '1',
      to: '2',
      purge: false,
      asked: true,
    },
  ],
  new_packages: [],
  removed_packages: [],
  left_out: [],
  download_bytes: 1_500,
  disk_bytes: -2_000_000,
  reboot: 'no',
  busy: null,
  planned_at: '2026-11-28T09:00:00.000Z',
  lists: { status: 'fresh', message: 'ok', refreshed_at: null, sources: [] },
  ...rest,
});

describe('What is said of a plan', () => {
  it('counts its steps, and says what is not known in place of a number', () => {
    expect(sumOf(plan())).toBe('1 step, 0 new, 0 removed; 1.5 kB to download, frees 2.0 MB of disk space.');
    expect(sumOf(plan({ download_bytes: null, disk_bytes: null }))).toContain(
      'the download is not known, the disk space it takes is not known',
    );
  });

  it('warns first of the security fixes that it takes back, and of those of which nobody knows', () => {
    const [step] = plan().steps;
    const back = (name: string, security?: boolean | null) => ({
      ...(step as Plan['steps'][number]),
      name,
      action: 'downgrade' as const,
      ...(security === undefined ? {} : { security }),
    });
    const steps = [back('openssl', true), back('curl', true), back('vim', false), back('bash', null)];
    expect(warningsOf(plan({ steps, removed_packages: ['toyold'] }), NOW)).toEqual([
      'It takes back 2 security fixes: openssl, curl.',
      'Whether it takes back security fixes of bash is not known.',
      'It removes toyold.',
    ]);
    expect([...steps, back('sed')].map(stepSecurity)).toEqual([
      '✖ takes a fix back',
      '✖ takes a fix back',
      'no',
      '? not known',
      '? not known',
    ]);
    const many = Array.from({ length: 22 }, (_, index) => back(`p${index}`, true));
    expect(warningsOf(plan({ steps: many }), NOW)[0]).toMatch(
      /^It takes back 22 .*p19 and 2 packages more\.$/,
    );
  });

  it('counts the upgrades that mend security faults, and never what is not known as none', () => {
    const [step] = plan().steps as [Plan['steps'][number]];
    const [mends, plain, unsure] = [true, false, null].map((security) => ({ ...step, security }));
    expect(mendingOf([mends, plain] as Plan['steps'])).toBe('Upgrades that mend security faults: 1 of 2.');
    expect(mendingOf([mends, unsure] as Plan['steps'])).toMatch(/1 of 2; of 1 it is not known/);
    // As of an older agent, which does not say it.
    expect(mendingOf([step])).toBe('Whether its upgrades mend security faults is not known.');
    expect(mendingOf([{ ...step, action: 'install' }])).toBeUndefined();
    expect([mends, plain, unsure, step].map((one) => stepSecurity(one as typeof step))).toEqual([
      '✓ mends a fault',
      'no',
      '? not known',
      '? not known',
    ]);
  });

  it('warns of removals, of somebody else at work, and of lists that are not there', () => {
    expect(warningsOf(plan(), NOW)).toEqual([]);
    const source = { label: null, suite: null, codename: null, security: true, published_at: null };
    const absent = { ...source, uri: 'http://gone.example', present: false, valid_until: null };
    expect(
      warningsOf(
        plan({
          removed_packages: ['toyold'],
          busy: 'apt-get (pid 7)',
          lists: { status: 'failed', message: 'no answer', refreshed_at: null, sources: [absent] },
        }),
        NOW,
      ),
    ).toEqual([
      'It removes toyold.',
      'apt-get (pid 7) works with the packages of the host now, which may change this.',
      'No lists of http://gone.example: nothing is known of the updates there.',
      'The package lists of the host are failed.',
      'no answer.',
    ]);
  });

  it('says of a source that failed how old its lists are, and leaves the reason to the message', () => {
    const source = {
      uri: 'http://s.example',
      label: 'Debian-Security',
      suite: 'stable-security',
      codename: null,
      security: true,
      present: true,
      published_at: null,
      valid_until: null,
      error: 'Connection refused.',
    };
    const said = (more: object) =>
      warningsOf(
        plan({
          lists: {
            status: 'fresh',
            message: 'not refreshed: s (Connection refused.)',
            refreshed_at: null,
            sources: [{ ...source, ...more }],
          },
        }),
        NOW,
      );
    expect(said({ fetched_at: '2026-11-25T12:00:00.000Z' })).toEqual([
      'Debian-Security:stable-security: lists from 3 d ago, the last attempt failed.',
      'not refreshed: s (Connection refused.).',
    ]);
    expect(said({ fetched_at: null })[0]).toContain('lists of unknown age');
    expect(said({ fetched_at: new Date(NOW).toISOString() })[0]).toContain('lists from just now');
  });

  it('can be applied only when something would be done and no rule denies it', () => {
    expect(whyNotApply(plan())).toBeUndefined();
    expect(whyNotApply(plan({ steps: [] }))).toBe('Nothing would be changed.');
    const policy = {
      rule: 'window',
      file: '/etc/p.yaml',
      line: 3,
      reason: 'closed until 22:00',
      packages: [],
    };
    expect(whyNotApply(plan({ policy }))).toBe(
      'The policy of the host forbids it: closed until 22:00 (/etc/p.yaml:3).',
    );
  });
});
