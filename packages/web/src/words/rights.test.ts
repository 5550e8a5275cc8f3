import { describe, expect, it } from 'vitest';
import { describeRights, whyNot } from './rights.ts';

const VIEWER = { role: 'viewer', bindings: [] };
const BOUND = {
  role: 'none',
  bindings: [
    { role: 'operator', on: '@group:web' },
    { role: 'viewer', on: '@env=test' },
  ],
};

describe('what somebody may do', () => {
  it('is told as the role for all, with those for some hosts or in their place', () => {
    expect(describeRights(VIEWER)).toBe('viewer');
    expect(describeRights(BOUND)).toBe('operator for @group:web, viewer for @env=test');
    expect(describeRights({ ...BOUND, role: 'viewer' })).toBe(
      'viewer, operator for @group:web, viewer for @env=test',
    );
    expect(describeRights({ role: 'none', bindings: [] })).toBe('none');
  });
});

describe('why somebody may not do something', () => {
  const own = {
    person: BOUND,
    permissions: [],
    bound: [
      { on: '@group:web', permissions: ['hosts:read', 'hosts:patch'] },
      { on: '@team=red', permissions: ['hosts:patch'] },
      { on: '@env=test', permissions: ['hosts:read'] },
    ],
  };

  it('is nothing for what the role for all allows', () => {
    expect(whyNot({ ...own, permissions: ['hosts:patch'] }, 'hosts:patch', { groups: [], labels: {} })).toBe(
      undefined,
    );
  });

  it('is nothing for a host in the group or with the label of a role that allows it', () => {
    expect(whyNot(own, 'hosts:patch', { groups: ['web'], labels: {} })).toBeUndefined();
    expect(whyNot(own, 'hosts:patch', { groups: [], labels: { team: 'red' } })).toBeUndefined();
  });

  it('names for which hosts the role does, where this is none of them', () => {
    const why =
      'Your role allows this (hosts:patch) for @group:web, @team=red, and this host is none of those.';
    expect(whyNot(own, 'hosts:patch', { groups: ['db'], labels: { env: 'test' } })).toBe(why);
    expect(whyNot(own, 'hosts:patch', { groups: [], labels: { team: 'redder' } })).toBe(why);
  });

  it('names the roles where none of them does', () => {
    expect(whyNot(own, 'people:manage')).toBe(
      'Your role, operator for @group:web, viewer for @env=test, does not allow this (people:manage).',
    );
  });
});
