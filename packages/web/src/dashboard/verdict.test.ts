import { describe, expect, it } from 'vitest';
import { verdictOf } from './verdict.ts';

const figures = (hosts: number, behind: number, unknown: number, security = 0) => ({
  hosts,
  behind,
  unknown,
  security,
  current: hosts - behind - unknown,
  not_asked: 0,
  oldest_listed_at: null,
});

describe('The sentence about the fleet', () => {
  it('is good only when every host is known to be current', () => {
    expect(verdictOf(figures(3, 0, 0))).toEqual({ tone: 'good', sentence: 'All 3 hosts are current.' });
    expect(verdictOf(figures(3, 0, 1)).tone).toBe('unknown');
    expect(verdictOf(figures(3, 1, 0)).tone).toBe('act');
    expect(verdictOf(figures(3, 1, 0, 1)).tone).toBe('act');
    expect(verdictOf(figures(0, 0, 0))).toEqual({ tone: 'unknown', sentence: 'No host has joined yet.' });
  });

  it('leads to the hosts that it is about first', () => {
    expect(verdictOf(figures(3, 0, 0)).search).toBeUndefined();
    expect(verdictOf(figures(3, 0, 1)).search).toBe('state:unknown');
    expect(verdictOf(figures(3, 1, 1)).search).toBe('state:behind');
    expect(verdictOf(figures(3, 1, 1, 1)).search).toBe('state:behind security:yes');
  });

  it('names security first, and what is unknown beside it', () => {
    expect(verdictOf(figures(9, 4, 2, 1)).sentence).toBe(
      'Security updates wait on 1 host. Of 2 hosts nobody can say what waits on them.',
    );
    expect(verdictOf(figures(2, 0, 1)).sentence).toBe(
      'Of 1 host nobody can say what waits on it. 1 host is current.',
    );
  });
});
