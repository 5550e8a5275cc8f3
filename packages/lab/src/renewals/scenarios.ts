import { DAY_MS, type Scenario, YEAR_MS } from './simulate.ts';

/** The fleet that the bars are for: ten years, everything issued in one minute, each agent restarted every month. */
export const FLEET: Scenario = {
  seed: 20_261,
  agents: 10_000,
  years: 10,
  lifetimeMs: YEAR_MS,
  planned: true,
  restartEveryMs: 30 * DAY_MS,
};

const OUTAGE_MS = 2 * DAY_MS;
const outageAt = (day: number): Scenario => ({
  ...FLEET,
  outage: { startMs: day * DAY_MS, endMs: day * DAY_MS + OUTAGE_MS },
});

/** When everything issued in one minute is being renewed for the first time. */
export const FIRST_WINDOW = { fromMs: 0.6 * YEAR_MS, toMs: 0.8 * YEAR_MS };
/** The last five years: by then the fleet has mixed, and every hour has about as many renewals as any other. */
export const STEADY = { fromMs: 5 * YEAR_MS, toMs: 10 * YEAR_MS };

/** 48 hours without a manager, in the middle of the first window and when the fleet has mixed. */
export const OUTAGES = [
  { when: 'in the first window', scenario: { ...outageAt(250), years: 1 }, usual: FIRST_WINDOW },
  { when: 'in the steady state', scenario: outageAt(7 * 365 + 100), usual: STEADY },
];

/** The ten days after an outage. */
export function afterOutage({ outage }: Scenario): { fromMs: number; toMs: number } {
  const fromMs = outage?.endMs ?? 0;
  return { fromMs, toMs: fromMs + 10 * DAY_MS };
}

export const BARS = { steady: 1.5, afterOutage: 3 } as const;
