import { DAY_MS, HOUR_MS } from './simulate.ts';

/** Renewals per hour within a span of time. */
export interface Load {
  readonly mean: number;
  readonly peak: number;
  /** Peak hour over mean hour. */
  readonly ratio: number;
}

/** @param span epoch milliseconds; whole hours that begin in it count */
export function loadOf(perHour: Uint32Array, span: { readonly fromMs: number; readonly toMs: number }): Load {
  const hours = perHour.subarray(Math.ceil(span.fromMs / HOUR_MS), Math.ceil(span.toMs / HOUR_MS));
  const total = hours.reduce((sum, count) => sum + count, 0);
  const mean = total / hours.length;
  const peak = hours.reduce((most, count) => Math.max(most, count), 0);
  return { mean, peak, ratio: peak / mean };
}

const BAR_WIDTH = 50;

/** Renewals over time, a line for each span of days, with the busiest hour of each. */
export function histogram(perHour: Uint32Array, spanDays: number): string[] {
  const spanHours = (spanDays * DAY_MS) / HOUR_MS;
  const spans: { readonly day: number; readonly total: number; readonly peak: number }[] = [];
  for (let hour = 0; hour < perHour.length; hour += spanHours) {
    const part = perHour.subarray(hour, hour + spanHours);
    const total = part.reduce((sum, count) => sum + count, 0);
    spans.push({ day: hour / 24, total, peak: Math.max(...part) });
  }
  const most = Math.max(1, ...spans.map((span) => span.total));
  return spans.map(({ day, total, peak }) => {
    const bar = '#'.repeat(Math.round((total / most) * BAR_WIDTH)).padEnd(BAR_WIDTH);
    return `day ${String(day).padStart(4)}  ${bar} ${String(total).padStart(6)}  busiest hour ${peak}`;
  });
}

/** How many hours had how many renewals. */
export function hoursByCount(perHour: Uint32Array): string {
  const counts = new Map<number, number>();
  for (const count of perHour) counts.set(count, (counts.get(count) ?? 0) + 1);
  return [...counts]
    .sort(([left], [right]) => left - right)
    .map(([count, hours]) => `${count}: ${hours}`)
    .join('  ');
}
