import { describe, expect, it } from 'vitest';
import { SOURCE } from '../../test/package-cache.ts';
import type { SourceState } from '../package-interface/package-inventory.ts';
import { judgeLists, type ListFacts } from './list-freshness.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NOW = Date.UTC(2026, 10, 23, 12);

const source = (ageMs: number | undefined, more: Partial<SourceState> = {}): SourceState => ({
  ...SOURCE,
  publishedAtMs: ageMs === undefined ? undefined : NOW - ageMs,
  ...more,
});
const security = (ageMs: number, more: Partial<SourceState> = {}) =>
  source(ageMs, { uri: 'http://s.example/dists/b-security/', security: true, ...more });

const judge = (facts: Partial<ListFacts>) =>
  judgeLists({ checkedAtMs: NOW - HOUR_MS, succeeded: true, failure: undefined, sources: [], ...facts }, NOW);

describe('package lists', () => {
  it.each<[string, Partial<ListFacts>]>([
    ['checked an hour ago, security updates of today', { sources: [security(HOUR_MS), source(DAY_MS)] }],
    [
      'a stable release that did not change for a year, security updates of last week',
      { sources: [source(365 * DAY_MS), security(7 * DAY_MS)] },
    ],
    ['sources that nobody looked at yet', { sources: undefined }],
    ['a source without any date', { sources: [source(undefined)] }],
    ['the newest of several archives is young', { sources: [security(99 * DAY_MS), security(DAY_MS)] }],
  ])('are fresh with %s', (_what, facts) => {
    expect(judge(facts)).toEqual({ status: 'fresh', message: 'ok' });
  });

  it.each<[string, Partial<ListFacts>, string]>([
    [
      'a mirror that stands still for 200 days',
      { sources: [source(200 * DAY_MS), security(200 * DAY_MS)] },
      '200 days old',
    ],
    [
      'a dead security archive beside a young third party',
      { sources: [security(31 * DAY_MS), source(HOUR_MS)] },
      '31 days old (http://s.example',
    ],
    [
      'no security archive and nothing new for 31 days',
      { sources: [source(31 * DAY_MS)] },
      'list of updates is 31 days',
    ],
    [
      'a Release file that counts no more',
      { sources: [security(HOUR_MS), source(8 * DAY_MS, { validUntilMs: NOW - DAY_MS })] },
      'counted until 2026-11-22',
    ],
  ])('are stale with %s, however often that is checked', (_what, facts, message) => {
    expect(judge(facts)).toMatchObject({ status: 'stale', message: expect.stringContaining(message) });
  });

  it('are stale when nobody checked them for four hours, or when the check was in the future', () => {
    const sources = [security(HOUR_MS)];
    expect(judge({ sources, checkedAtMs: NOW - 5 * HOUR_MS })).toEqual({ status: 'stale', message: 'ok' });
    expect(judge({ sources, checkedAtMs: NOW + 2 * HOUR_MS }).status).toBe('stale');
  });

  it('of a host that was switched off for long are old without blame on a mirror', () => {
    const sources = [security(60 * DAY_MS, { validUntilMs: NOW - 50 * DAY_MS })];
    expect(judge({ sources, checkedAtMs: NOW - 60 * DAY_MS })).toEqual({
      status: 'stale',
      message: 'the package lists were last checked 60 days ago',
    });
    expect(judge({ sources, checkedAtMs: NOW - 30 * HOUR_MS }).message).toContain('30 hours ago');
  });

  it('are not known where there are none, and failed with a reason', () => {
    expect(judge({ sources: [] })).toMatchObject({
      status: 'unknown',
      message: expect.stringContaining('no package lists'),
    });
    expect(judge({ sources: [source(HOUR_MS, { present: false })] }).status).toBe('unknown');
    expect(judge({ succeeded: false })).toEqual({ status: 'unknown', message: 'ok' });
    expect(judge({ succeeded: false, failure: 'no route' })).toEqual({
      status: 'failed',
      message: 'the last refresh failed: no route',
    });
  });

  it('name the source that failed while the others did not', () => {
    expect(judge({ sources: [security(HOUR_MS)], failure: 'not refreshed: x' })).toEqual({
      status: 'fresh',
      message: 'not refreshed: x',
    });
  });
});
