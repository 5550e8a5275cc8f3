import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { REPOSITORY } from '../checkout.ts';

/** One measured number, and what it is held against. */
export interface Measurement {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  readonly bar?: {
    readonly limit: number;
    /** Whether the value must stay below the limit or above it. */
    readonly side: 'below' | 'above';
    /** Missing it ends the benchmark with 1; without, the bar is shown only, and why. */
    readonly shownOnlyBecause?: string;
  };
}

/** Something that is measured, and what its report says of it. */
export interface Benchmark {
  readonly name: string;
  /** What was measured, in which place, in a sentence. */
  readonly about: string;
  /** Measures in a folder of its own. */
  readonly measure: (
    folder: string,
    say: (line: string) => void,
  ) => Promise<{ readonly rows: readonly Measurement[]; readonly more?: readonly string[] }>;
}

/** The value below which this share of the samples lies (nearest rank). */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((one, other) => one - other);
  const rank = Math.max(1, Math.ceil(share * sorted.length));
  return sorted[rank - 1] ?? Number.NaN;
}

/** How many times better than its bar; below 1 it misses it. */
function ratioOf({ value, bar }: Measurement): number | undefined {
  if (!bar) return undefined;
  return bar.side === 'below' ? bar.limit / value : value / bar.limit;
}

export function isMissed(measurement: Measurement): boolean {
  return measurement.bar?.shownOnlyBecause === undefined && !((ratioOf(measurement) ?? 1) >= 1);
}

const rounded = (value: number): string =>
  value >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));

/** A row of a Markdown table: what, measured, bar, ratio, verdict. */
export function rowOf(measurement: Measurement): string {
  const { what, value, unit, bar } = measurement;
  const ratio = ratioOf(measurement);
  const barText = bar ? `${bar.side === 'below' ? '<' : '>'} ${bar.limit} ${unit}` : '–';
  const verdict =
    bar === undefined || ratio === undefined
      ? '–'
      : (bar.shownOnlyBecause ?? (isMissed(measurement) ? 'MISSED' : 'met'));
  return `| ${what} | ${rounded(value)} ${unit} | ${barText} | ${ratio === undefined || !Number.isFinite(ratio) ? '–' : `${rounded(ratio)} ×`} | ${verdict} |`;
}

export const TABLE_HEAD = ['| What | Measured | Bar | Ratio | |', '|---|---|---|---|---|'].join('\n');

/** Puts the report of a benchmark between its marks in the reference. */
export async function keepReport(name: string, report: string): Promise<void> {
  const path = join(REPOSITORY, 'docs/reference/benchmarks.md');
  const before = await readFile(path, 'utf8');
  const marks = new RegExp(`(<!-- bench:${name} -->\\n)[\\s\\S]*?(\\n<!-- end -->)`);
  if (!marks.test(before)) throw new Error(`${path} has no place for bench:${name}`);
  await writeFile(
    path,
    before.replace(marks, (_, open: string, close: string) => open + report + close),
  );
}
