import { describe, expect, it } from 'vitest';
import { chosenIn, patchSearch, requestOf } from './wish.ts';

describe('What an address wants to patch', () => {
  it('is security updates unless it says more, and never more than it says', () => {
    expect(requestOf(patchSearch({}))).toEqual({ all: true, security_only: true });
    expect(requestOf(patchSearch({ what: 'everything', removals: '1' }))).toEqual({
      all: true,
      security_only: true,
    });
    expect(requestOf(patchSearch({ what: 'all', reboot: 'yes', removals: 'yes' }))).toEqual({
      all: true,
      allow_reboot: true,
      allow_removals: true,
    });
  });

  it('names packages once each, and nothing while none is chosen', () => {
    const search = patchSearch({ what: 'chosen', p: 'toylib,,toyapp,toylib' });
    expect(chosenIn(search)).toEqual(['toylib', 'toyapp']);
    expect(requestOf(search)).toEqual({ patches: ['toylib', 'toyapp'] });
    expect(requestOf(patchSearch({ what: 'chosen' }))).toBeUndefined();
  });
});
