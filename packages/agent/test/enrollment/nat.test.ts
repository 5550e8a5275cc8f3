import { describe, expect, it } from 'vitest';
import { lostShare, playNat } from './nat-model.ts';

const SEEDS = [1, 2, 3];
const TWO_HOURS_S = 7_200;

/** The limiter of an older manager gives one address five answers a minute, and its approvals live for ten minutes. */
describe('hosts that wait for an older manager behind one address', () => {
  it('all fetch their approval in time when there are twenty', () => {
    for (const seed of SEEDS) {
      const result = playNat({ agents: 20, hours: 48, seed });
      expect(lostShare(result, { approvals: 1_000, fromS: 60, seed })).toBe(0);
      expect(result.longestGapS).toBeLessThan(600);
    }
  });

  it('fetch 99 of 100 approvals when there are forty, and none is left out for a thousand seconds', () => {
    for (const seed of SEEDS) {
      const result = playNat({ agents: 40, hours: 48, seed });
      expect(lostShare(result, { approvals: 20_000, fromS: 60, seed })).toBeLessThan(0.01);
      expect(lostShare(result, { approvals: 20_000, fromS: TWO_HOURS_S, seed })).toBeLessThan(0.005);
      expect(result.longestGapS).toBeLessThan(1_000);
    }
  });

  it('are all answered again and again when there are more than the limiter allows, and each says why it waits', () => {
    for (const seed of SEEDS) {
      const result = playNat({ agents: 60, hours: 12, seed });
      const answers = result.answeredS.map((times) => times.length);
      // A fair share is one answer in twelve minutes.
      expect(Math.min(...answers)).toBeGreaterThan(12 * 4);
      expect(result.longestGapS).toBeLessThan(3_600);
      expect(result.saidCrowded.size).toBe(60);
    }
  });

  it('join in the end when there are sixty: one that lost its approval asks anew and is approved again', () => {
    const results = SEEDS.map((seed) =>
      playNat({ agents: 60, hours: 24, seed, approvesAfterS: (draw) => 60 + draw * TWO_HOURS_S }),
    );
    for (const result of results) expect(result.joinedAtS.size).toBe(60);
    expect(results.some((result) => result.approvalsLost > 0)).toBe(true);
  });

  it('leave the limiter alone when there are five', () => {
    for (const seed of SEEDS)
      expect(playNat({ agents: 5, hours: 24, seed }).sharedThrottled).toBeLessThan(0.02);
  });
});
