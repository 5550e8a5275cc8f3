import type { RunningService, ServiceList } from '@linux-patch/contract';
import { describe, expect, it } from 'vitest';
import { byNeed, filesOf, unseenOf } from './running-services.ts';

const service = (name: string, old_code: RunningService['old_code']): RunningService => ({
  name,
  manager: 'systemd',
  processes: 1,
  old_code,
  outdated: [],
});

const SEEN: ServiceList = {
  services: [],
  others: [],
  elsewhere: 0,
  unknown: [],
  left_out: 0,
  complete: true,
  looked_at: '2026-01-01T00:00:00Z',
};

describe('The services of a host', () => {
  it('come with those that run replaced code first, then those of which nobody knows', () => {
    const all = [service('b', 'no'), service('d', 'unknown'), service('c', 'yes'), service('a', 'yes')];
    expect(byNeed(all).map(({ name }) => name)).toEqual(['a', 'c', 'd', 'b']);
  });

  it('name each replaced file once, some of them, and how many more there are', () => {
    const of = (files: readonly string[], more_files = 0) => ({ files: [...files], more_files });
    expect(filesOf([of(['/a', '/b']), of(['/b', '/c'])])).toEqual({ named: ['/a', '/b', '/c'], more: 0 });
    expect(filesOf([of(['/a', '/b', '/c', '/d', '/e'], 2), of([])])).toEqual({
      named: ['/a', '/b', '/c', '/d'],
      more: 3,
    });
    expect(filesOf([])).toEqual({ named: [], more: 0 });
  });

  it('say what nobody could look at; containers alone leave nothing out', () => {
    expect(unseenOf({ ...SEEN, elsewhere: 3 })).toEqual([]);
    expect(
      unseenOf({
        ...SEEN,
        elsewhere: 1,
        unknown: [{ reason: 'it may not be read', processes: 2 }],
        left_out: 1,
      }),
    ).toEqual([
      '2 running programs: it may not be read.',
      '1 running program with replaced code: there was no room to name them.',
      '1 running program of containers or the like: not looked at.',
    ]);
  });
});
