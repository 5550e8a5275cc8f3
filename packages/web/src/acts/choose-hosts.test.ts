import type { Host } from '@linux-patch/contract';
import { expect, it } from 'vitest';
import type { KnownHost } from '../hosts/known-host.ts';
import { chooseForAct } from './choose-hosts.ts';

const known = (id: string, more: Partial<KnownHost>): KnownHost =>
  ({
    id,
    fqdn: `${id}.example`,
    state: 'behind',
    updates: 2,
    securityUpdates: 1,
    groups: [],
    ...more,
  }) as KnownHost;
const record = (id: string, more: object = {}) =>
  [
    id,
    {
      fqdn: `${id}.example`,
      left_at: null,
      identity: { state: 'ok' },
      job_key: { state: 'pinned' },
      policy: { allows: ['update'], fault: null },
      ...more,
    } as unknown as Host,
  ] as const;

const hosts = [
  known('a', { groups: ['web'] }),
  known('b', { securityUpdates: 0, groups: ['db', 'web'] }),
  known('c', { state: 'current', updates: 0, securityUpdates: 0 }),
  known('d', { state: 'unknown', updates: null, securityUpdates: null }),
  known('e', { state: 'left' }),
  known('f', { groups: ['web'] }),
  known('g', {}),
  known('h', { groups: ['web'] }),
];
const records = new Map([
  record('a'),
  record('b', { note: 'Ask the shop.' }),
  record('c'),
  record('d'),
  record('e'),
  record('f', { job_key: { state: 'foreign' } }),
  record('g'),
  record('h', { policy: { allows: ['reboot'], fault: null } }),
]);
const found = {
  hosts,
  records,
  mayNot: ({ fqdn }: Host) => (fqdn === 'g.example' ? 'Your role …' : undefined),
};

it.each([
  [
    'all',
    ['a', 'b', 'd'],
    [
      ['web', 2],
      ['db', 1],
    ],
    [['Ask the shop.', 1]],
    [],
  ],
  ['security', ['a', 'd'], [['web', 1]], [], [['on which no security update waits', 1]]],
] as const)(
  'an act with %s updates is for the hosts that may need it, and says why not for others',
  (kind, meant, groups, notes, more) => {
    const chosen = chooseForAct(found, kind);
    expect(chosen.meant.map(({ id }) => id)).toEqual(meant);
    expect(chosen.unknown).toBe(1);
    expect(chosen.groups).toEqual(groups);
    expect(chosen.notes).toEqual(notes);
    expect(chosen.leftOut).toEqual([
      ...more,
      ['on which nothing waits', 1],
      ['that left the fleet', 1],
      ['that cannot take a change of this manager now, as their own pages say', 1],
      ['that your role is not for', 1],
      ['that no manager may update, by their own policy', 1],
    ]);
  },
);
