import { describe, expect, it } from 'vitest';
import { SOURCE } from '../../test/package-cache.ts';
import type { SourceState } from '../package-interface/package-inventory.ts';
import { historyOf, recordAfter, type SourceRecords } from './source-history.ts';

const HOUR_MS = 3_600_000;
const NOW = Date.UTC(2026, 10, 23, 12);
const ago = (hours: number) => NOW - hours * HOUR_MS;

const MAIN = { ...SOURCE, id: 'http://d.example b' };
const SECURITY = { ...SOURCE, id: 'http://s.example b-security' };
const configured = [MAIN, SECURITY];
const failure = (id: string | undefined, reason = '503  Overloaded.') => ({
  id,
  source: id ?? 'A hook of apt.conf',
  reason,
  code: 'NETWORK_ERROR' as const,
  security: false,
});

/** What a host knows of its sources after refreshes, oldest first. */
function after(...refreshes: readonly (readonly [hours: number, failed: ReturnType<typeof failure>[]])[]) {
  let records: SourceRecords = [];
  for (const [hours, failed] of refreshes) {
    const healthy = configured.map(({ id }) => id).filter((id) => !failed.some((one) => one.id === id));
    records = recordAfter(records, { failed, healthy }, { atMs: ago(hours), configured });
  }
  return records;
}

const seen = (source: SourceState, records: SourceRecords) =>
  historyOf(source, { records, failure: undefined }, NOW);

describe('what is known of a source', () => {
  it('is when it was last heard of, and why it failed since, apart from the others', () => {
    const records = after([72, []], [1, [failure(SECURITY.id)]]);
    expect(seen(MAIN, records)).toEqual({ fetchedAtMs: ago(1), error: undefined });
    expect(seen(SECURITY, records)).toEqual({ fetchedAtMs: ago(72), error: '503 Overloaded.' });
  });

  it('is nothing before the first refresh, and no time for one that never had lists', () => {
    expect(seen(MAIN, [])).toEqual({ fetchedAtMs: undefined, error: undefined });
    const absent = { ...SECURITY, present: false };
    expect(seen(absent, after([2, []], [1, [failure(SECURITY.id)]]))).toEqual({
      fetchedAtMs: undefined,
      error: '503 Overloaded.',
    });
  });

  it('is what lies on disk when somebody else refreshed later, which ends a failure before it', () => {
    const records = after([72, []], [5, [failure(SECURITY.id)]]);
    expect(seen({ ...SECURITY, fetchedAtMs: ago(2) }, records)).toEqual({
      fetchedAtMs: ago(2),
      error: undefined,
    });
    expect(seen({ ...SECURITY, fetchedAtMs: ago(30) }, records)).toEqual({
      fetchedAtMs: ago(30),
      error: '503 Overloaded.',
    });
  });

  it('ends with the next refresh that goes well', () => {
    expect(seen(SECURITY, after([5, [failure(SECURITY.id)]], [1, []])).error).toBeUndefined();
  });

  it('is never a time in the future, which a wrong clock wrote down', () => {
    const records = after([-48, []]);
    expect(seen(MAIN, records).fetchedAtMs).toBeUndefined();
    expect(seen({ ...MAIN, fetchedAtMs: ago(-2) }, records).fetchedAtMs).toBeUndefined();
    expect(seen({ ...MAIN, fetchedAtMs: ago(3) }, records).fetchedAtMs).toBe(ago(3));
  });

  it('is the failure of the whole refresh, for each source whose lists did not come since', () => {
    const known = { records: after([72, []]), failure: { message: 'no route\nto mirror', atMs: ago(4) } };
    expect(historyOf(MAIN, known, NOW)).toEqual({ fetchedAtMs: ago(72), error: 'no route to mirror' });
    expect(historyOf({ ...MAIN, fetchedAtMs: ago(1) }, known, NOW).error).toBeUndefined();
    const undated = { ...known, failure: { ...known.failure, atMs: undefined } };
    expect(historyOf({ ...MAIN, fetchedAtMs: ago(1) }, undated, NOW).error).toBe('no route to mirror');
  });

  it('is not changed by what belongs to no source, and not made up for one that was not asked', () => {
    const before = after([72, []]);
    const hook = { failed: [failure(undefined)], healthy: [MAIN.id] };
    const records = recordAfter(before, hook, { atMs: ago(1), configured });
    expect(seen(MAIN, records)).toEqual({ fetchedAtMs: ago(1), error: undefined });
    expect(seen(SECURITY, records)).toEqual({ fetchedAtMs: ago(72), error: undefined });
  });

  it('is one short line, whatever a server says, and forgotten with the source', () => {
    const long = failure(MAIN.id, `a\u001b[2J\u202eb\n${'c'.repeat(9_000)}`);
    const records = after([1, [long]]);
    expect(seen(MAIN, records).error).toMatch(/^a \[2J b c{900,}$/);
    expect(seen(MAIN, records).error?.length).toBe(1_000);
    const nothing = { failed: [], healthy: [] };
    expect(recordAfter(records, nothing, { atMs: NOW, configured: [SECURITY] }).map((one) => one.id)).toEqual(
      [SECURITY.id],
    );
    expect(recordAfter(records, nothing, { atMs: NOW, configured: undefined })).toEqual(records);
  });
});
