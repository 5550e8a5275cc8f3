import { describe, expect, it } from 'vitest';
import { ApplyRequest, planApply } from './patches.ts';

const plan = (body: object) => planApply(ApplyRequest.parse(body));

describe('an apply request', () => {
  it.each([
    ['an empty list of the older form', { packages: [], allow_reboot: false }, { kind: 'none' }],
    [
      'names of the older form',
      { packages: ['curl', 'curl'] },
      { kind: 'names', names: ['curl'], securityOnly: false },
    ],
    ['no list at all', {}, { kind: 'all' }],
    ['a null list, as older clients send for everything', { packages: null }, { kind: 'all' }],
    ['all: true', { all: true }, { kind: 'all' }],
    ['all: true with an empty list', { all: true, packages: [] }, { kind: 'all' }],
    ['all: false and no list', { all: false }, { kind: 'none' }],
    ['security only', { security_only: true }, { kind: 'security' }],
    [
      'patches and packages together',
      { patches: ['a1'], packages: ['b1'] },
      { kind: 'names', names: ['b1', 'a1'], securityOnly: false },
    ],
  ])('with %s selects exactly that', (_what, body, selection) => {
    expect(plan(body).selection).toEqual(selection);
  });

  it('takes the reboot wish and its delay from either form', () => {
    expect(plan({ packages: ['a1'], allow_reboot: true, reboot_delay_seconds: 30 })).toMatchObject({
      reboot: true,
      rebootDelaySeconds: 30,
    });
    expect(plan({ options: { reboot: true, reboot_delay_minutes: 2 } })).toMatchObject({
      reboot: true,
      rebootDelaySeconds: 120,
    });
    expect(plan({ packages: ['a1'] })).toMatchObject({ reboot: false, rebootDelaySeconds: 300 });
    expect(plan({ allow_reboot: true, reboot_delay_seconds: 0 }).rebootDelaySeconds).toBe(0);
  });

  it.each(['-o=Dpkg::Options', '--purge', 'a;id', '../etc/passwd', 'a b', '', '$(id)'])(
    'refuses the name %j',
    (name) => {
      expect(ApplyRequest.safeParse({ packages: [name] }).success).toBe(false);
    },
  );

  it('refuses members it does not know, instead of applying everything', () => {
    expect(ApplyRequest.safeParse({ package: ['curl'] }).success).toBe(false);
  });
});
