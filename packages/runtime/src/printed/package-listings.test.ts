import type { PackageLists, Patch, PatchList } from '@linux-patch/contract';
import { describe, expect, it } from 'vitest';
import { describePackages, describePatches } from './package-listings.ts';

const NOW = Date.UTC(2026, 10, 23, 12);
const ago = (minutes: number) => new Date(NOW - minutes * 60_000).toISOString();

const LISTS: PackageLists = {
  status: 'fresh',
  message: 'ok',
  refreshed_at: ago(13),
  sources: [
    {
      uri: 'http://d.example/dists/bookworm/',
      label: 'Debian',
      suite: 'stable',
      codename: 'bookworm',
      security: false,
      present: true,
      fetched_at: ago(13),
      published_at: ago(60 * 24 * 20),
      valid_until: null,
    },
  ],
};
const patch = (more: Partial<Patch> = {}): Patch => ({
  name: 'toyssl',
  current_version: '1',
  available_version: '2',
  severity: 'unknown',
  description: '',
  cve_ids: [],
  advisories: [],
  security: false,
  security_known: true,
  origin: 'Debian:stable',
  held: false,
  phased: false,
  requires_reboot: false,
  ...more,
});
const listing = (patches: readonly Patch[], more: Partial<PatchList> = {}): PatchList => ({
  patches: [...patches],
  total: patches.length,
  security_updates: patches.filter((one) => one.security).length,
  requires_reboot: false,
  listed_at: ago(0),
  lists: LISTS,
  ...more,
});

describe('a listing of updates for people', () => {
  it('says when the lists were checked and how old the sources are, also when nothing is pending', () => {
    expect(describePatches(listing([]), NOW).split('\n')).toEqual([
      'No pending updates are known.',
      'Package lists checked 13 min ago.',
      'Sources: Debian:stable (lists from 13 min ago, published 20 days ago).',
    ]);
  });

  it('warns of lists that are old, of sources without lists, and of what is hidden', () => {
    const [source] = LISTS.sources;
    if (!source) throw new Error('the lists have a source');
    const lists: PackageLists = {
      status: 'stale',
      message: 'the newest list of updates is 200 days old',
      refreshed_at: ago(60 * 30),
      sources: [{ ...source, present: false }],
    };
    const hidden = [{ name: 'toydns', current_version: '1', security_version: '1+u1' }];
    const text = describePatches(listing([], { lists, hidden_security: hidden }), NOW);
    expect(text).toContain('keep a security update away: toydns 1+u1.');
    expect(text).toContain('Package lists checked 30 h ago (stale).');
    expect(text).toContain('WARNING: no lists of http://d.example/dists/bookworm/;');
    expect(text).toContain('WARNING: the newest list of updates is 200 days old.');
  });

  it('says of the source that failed how old its lists are, and why once', () => {
    const [source] = LISTS.sources;
    if (!source) throw new Error('the lists have a source');
    const failed = {
      ...source,
      label: 'Debian-Security',
      suite: 'stable-security',
      fetched_at: ago(60 * 24 * 3),
      error: 'Connection refused.',
    };
    const lists: PackageLists = {
      ...LISTS,
      message: 'not refreshed: http://s.example b-security (Connection  refused.)',
      sources: [source, failed],
    };
    const lines = describePatches(listing([], { lists }), NOW).split('\n');
    expect(lines.slice(2)).toEqual([
      'Sources: Debian:stable (lists from 13 min ago, published 20 days ago), Debian-Security:stable-security (lists from 3 days ago, published 20 days ago).',
      'WARNING: Debian-Security:stable-security: lists from 3 days ago, the last attempt failed.',
      'WARNING: not refreshed: http://s.example b-security (Connection  refused.).',
    ]);
    const silent = describePatches(listing([], { lists: { ...lists, message: 'ok' } }), NOW);
    expect(silent).toContain('lists from 3 days ago, the last attempt failed: Connection refused.');
    const whole = describePatches(
      listing([], { lists: { ...lists, status: 'failed', message: 'the last refresh failed: no route' } }),
      NOW,
    );
    expect(whole.match(/WARNING/g)).toHaveLength(1);
  });

  it('never makes an age up: neither for a host that does not know it, nor for an older agent', () => {
    const [source] = LISTS.sources;
    if (!source) throw new Error('the lists have a source');
    const said = (more: object) =>
      describePatches(listing([], { lists: { ...LISTS, sources: [{ ...source, ...more }] } }), NOW);
    expect(said({ fetched_at: null, published_at: null })).toContain('stable (lists of unknown age).');
    expect(said({ fetched_at: undefined })).toContain('stable (published 20 days ago).');
  });

  it('tells what stays and why, what is not known, and which version the fix is', () => {
    const text = describePatches(
      listing([
        patch({ held: true, reason: 'it is held on this host' }),
        patch({ name: 'toydns', security: true, security_version: '1+u1' }),
        patch({ name: 'toyweb', security_known: false, kept_back: true }),
      ]),
      NOW,
    );
    expect(text).toMatch(/toyssl +1 +2 +update +held/);
    expect(text).toContain('toyssl would stay: it is held on this host.');
    expect(text).toMatch(/toydns +1 +2 +security +security fix is 1\+u1/);
    expect(text).toMatch(/toyweb +1 +2 +not known +kept back/);
    expect(text).toContain('3 pending, 1 for security.');
  });

  it('says that an older agent does not know the age of its lists', () => {
    const { lists: _, ...older } = listing([]);
    expect(describePatches(older, NOW)).toContain('agents from 1.2 on do');
    expect(describePackages({ packages: [], total: 0, limit: null, offset: 0 }, NOW)).toContain(
      'agents from 1.2',
    );
  });
});
