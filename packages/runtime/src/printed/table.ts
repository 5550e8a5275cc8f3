import { MINUTE_MS } from '@linux-patch/contract';
import { printableLine } from '../printable.ts';

/** Rows under headings, columns aligned, two spaces between. */
export function renderTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [headings, ...rows].map((row) => row.map(printableLine));
  const widths = headings.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  return all
    .map((row) =>
      row
        .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Names and values, one a line, aligned. */
export function renderFacts(facts: readonly (readonly [name: string, value: string | null])[]): string {
  const width = Math.max(...facts.map(([name]) => name.length));
  return facts.map(([name, value]) => `${name.padEnd(width)}  ${printableLine(value ?? '-')}`).join('\n');
}

const UNITS: readonly (readonly [limitMs: number, unitMs: number, name: string])[] = [
  [90_000, 1_000, 's'],
  [90 * 60_000, 60_000, 'min'],
  [48 * 3_600_000, 3_600_000, 'h'],
  [Number.POSITIVE_INFINITY, 86_400_000, 'days'],
];

/** How long ago something was. The clock it was measured by may be ahead of ours: nothing that was will ever be. */
export function pastTime(iso: string | null, nowMs: number): string {
  const aheadMs = iso === null ? 0 : Date.parse(iso) - nowMs;
  if (aheadMs <= 0) return relativeTime(iso, nowMs);
  if (aheadMs < MINUTE_MS) return 'just now';
  return `just now, by a clock that is ${relativeTime(iso, nowMs).slice('in '.length)} ahead`;
}

/** What is to come at an instant: `ends in 3 days`, `ends now`; told as what was to come once it is over, `ended 3 days ago`. */
export function timeToCome(
  { comes, came }: { readonly comes: string; readonly came: string },
  iso: string,
  nowMs: number,
): string {
  const leftMs = Date.parse(iso) - nowMs;
  if (leftMs >= 500) return `${comes} ${relativeTime(iso, nowMs)}`;
  return leftMs > -MINUTE_MS ? `${comes} now` : `${came} ${relativeTime(iso, nowMs)}`;
}

/** How far an instant is from now, for people: `12 min ago`, `in 364 days`. */
export function relativeTime(iso: string | null, nowMs: number): string {
  if (iso === null) return 'never';
  const distanceMs = Date.parse(iso) - nowMs;
  const size = Math.abs(distanceMs);
  const [, unitMs, name] = UNITS.find(([limitMs]) => size < limitMs) ?? [0, 1_000, 's'];
  const amount = `${Math.round(size / unitMs)} ${name}`;
  return distanceMs > 0 ? `in ${amount}` : `${amount} ago`;
}
