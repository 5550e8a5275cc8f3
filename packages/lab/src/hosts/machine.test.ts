import { describe, expect, it } from 'vitest';
import { lacking } from './machine.ts';

const ENOUGH = { inotifyInstances: 500, availableMegabytes: 16_000, namespaces: ['lp7x1-hub'] };

describe('the look at the machine before hosts are booted', () => {
  it('has nothing to say when there is enough', () => {
    expect(lacking({ hosts: 9, prefix: 'lp12x' }, ENOUGH)).toEqual([]);
  });

  it('names every lack at once, each with what to do', () => {
    const words = lacking(
      { hosts: 9, prefix: 'lp7x' },
      { ...ENOUGH, inotifyInstances: 12, availableMegabytes: 900 },
    );
    expect(words).toHaveLength(3);
    expect(words[0]).toMatch(/root has 12 left.*sysctl fs\.inotify\.max_user_instances=/);
    expect(words[1]).toMatch(/900 MB are available/);
    expect(words[2]).toMatch(/lp7x1-hub.*ip netns del/);
  });
});
