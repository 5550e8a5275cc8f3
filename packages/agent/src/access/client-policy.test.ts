import { describe, expect, it } from 'vitest';
import { matchesClient } from './client-policy.ts';

describe('an entry of the allowed clients', () => {
  it.each([
    ['patch-manager-client', 'patch-manager-client', true],
    ['patch-manager-client', 'PATCH-manager-client', true],
    ['patch-manager-client', 'patch-manager-client2', false],
    ['patch.manager', 'patchXmanager', false],
    ['*.managers.example', 'm1.managers.example', true],
    ['*.managers.example', 'a.b.managers.example', false],
    ['*.managers.example', '.managers.example.evil', false],
    ['*', 'whoever', true],
  ])('%s for %s means %s', (pattern, name, expected) => {
    expect(matchesClient(pattern, name)).toBe(expected);
  });
});
