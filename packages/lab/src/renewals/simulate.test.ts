import { beforeAll, describe, expect, it } from 'vitest';
import { loadOf } from './load.ts';
import { afterOutage, BARS, FIRST_WINDOW, FLEET, OUTAGES, STEADY } from './scenarios.ts';
import { DAY_MS, type Outcome, simulate } from './simulate.ts';

describe('ten years of 10,000 agents whose certificates were issued in one minute', () => {
  let outcome: Outcome;
  beforeAll(() => {
    outcome = simulate(FLEET);
  });

  it('have no certificate that lapses', () => {
    expect(outcome.renewals).toBeGreaterThan(FLEET.agents * FLEET.years);
    expect([outcome.lapsed, outcome.failed]).toEqual([0, 0]);
  });

  it('renew in no hour more than 1.5 times the mean, in the first window and once the fleet has mixed', () => {
    for (const span of [FIRST_WINDOW, STEADY])
      expect(loadOf(outcome.perHour, span).ratio).toBeLessThanOrEqual(BARS.steady);
  });

  it('keep their renewal points over a million restarts', () => {
    expect(outcome.restarts).toBeGreaterThan(1_000_000);
    expect(outcome.moved).toBe(0);
  });

  it.each(OUTAGES)(
    'renew in no hour more than three times the usual mean after 48 hours without a manager $when',
    ({ scenario, usual }) => {
      const broken = simulate({ ...scenario, years: Math.min(scenario.years, 8) });
      expect(broken.lapsed).toBe(0);
      expect(broken.failed).toBeGreaterThan(60);
      const { peak } = loadOf(broken.perHour, afterOutage(scenario));
      expect(peak / loadOf(outcome.perHour, usual).mean).toBeLessThanOrEqual(BARS.afterOutage);
    },
    120_000,
  );
});

it('an outage of two months, longer than any slot waits, still lets nothing lapse', () => {
  const fleet = { ...FLEET, agents: 500, years: 2 };
  const { lapsed, failed } = simulate({ ...fleet, outage: { startMs: 230 * DAY_MS, endMs: 290 * DAY_MS } });
  expect(failed).toBeGreaterThan(500);
  expect(lapsed).toBe(0);
});
