import process from 'node:process';
import { histogram, hoursByCount, type Load, loadOf } from './load.ts';
import { afterOutage, BARS, FIRST_WINDOW, FLEET, OUTAGES, STEADY } from './scenarios.ts';
import { simulate, YEAR_MS } from './simulate.ts';

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const words = ({ mean, peak, ratio }: Load): string =>
  `${mean.toFixed(2)} an hour, busiest hour ${peak} (${ratio.toFixed(2)} × the mean)`;
const spans = { 'first window': FIRST_WINDOW, 'years 6 to 10': STEADY };

function hold(load: Load, limit: number): string {
  const met = load.ratio <= limit;
  if (!met) process.exitCode = 1;
  return `bar ${limit} ×: ${met ? 'met' : 'MISSED'}`;
}

const outcome = simulate(FLEET);
say(`${FLEET.agents} agents, ${FLEET.years} years, certificates of a year, all issued in one minute`);
for (const line of histogram(outcome.perHour, 73)) say(line);
say(`hours by renewals in them  ${hoursByCount(outcome.perHour)}`);
say(
  `${outcome.renewals} renewals, ${outcome.lapsed} lapsed; ${outcome.restarts} restarts moved ${outcome.moved} points`,
);
for (const [name, span] of Object.entries(spans)) {
  const load = loadOf(outcome.perHour, span);
  say(`${name}: ${words(load)}; ${hold(load, BARS.steady)}`);
}
for (let year = 1; year < FLEET.years; year += 1) {
  const load = loadOf(outcome.perHour, { fromMs: year * YEAR_MS, toMs: (year + 1) * YEAR_MS });
  say(`  year ${year + 1}: ${words(load)}`);
}
for (const { when, scenario, usual } of OUTAGES) {
  const { perHour, failed, lapsed } = simulate(scenario);
  const { mean } = loadOf(outcome.perHour, usual);
  const { peak } = loadOf(perHour, afterOutage(scenario));
  const load = { mean, peak, ratio: peak / mean };
  say(
    `48 h outage ${when}: ${failed} attempts failed, ${lapsed} lapsed; usual ${words(load)}; ${hold(load, BARS.afterOutage)}`,
  );
}
const alone = simulate({ ...FLEET, planned: false });
for (const [name, span] of Object.entries(spans))
  say(`for comparison, every agent draws alone, ${name}: ${words(loadOf(alone.perHour, span))}`);
