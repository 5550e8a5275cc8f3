/** What a metric is. Names and units follow the conventions of Prometheus: base units, `_total` for counters. */
export interface MetricTraits {
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  /** Names of its labels; every reading has all of them. */
  readonly labels: readonly string[];
}

/** One value of a metric. */
export interface Reading<L extends string = string> {
  readonly labels: Readonly<Record<L, string>>;
  readonly value: number;
}

/** Readings for every metric of a table. A metric without labels takes a number, or null when there is nothing to say. */
export type Readings<T extends Readonly<Record<string, MetricTraits>>> = {
  readonly [K in keyof T]: T[K]['labels'] extends readonly []
    ? number | null
    : readonly Reading<T[K]['labels'][number]>[];
};

/** Media type of the text format, version 0.0.4. */
export const METRICS_MEDIA_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** Writes readings in Prometheus' text format, in the order of the table. */
export function renderMetrics<T extends Readonly<Record<string, MetricTraits>>>(
  table: T,
  readings: Readings<T>,
): string {
  const given: Readonly<Record<string, number | null | readonly Reading[]>> = readings;
  return Object.entries(table)
    .map(([name, traits]) => renderFamily(name, traits, given[name] ?? null))
    .join('');
}

function renderFamily(
  name: string,
  { type, help, labels }: MetricTraits,
  given: number | null | readonly Reading[],
): string {
  const readings = typeof given === 'number' ? [{ labels: {}, value: given }] : (given ?? []);
  if (readings.length === 0) return '';
  const lines = readings.map(
    (reading) => `${name}${labelText(labels, reading.labels)} ${valueText(reading.value)}`,
  );
  return [`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} ${type}`, ...lines, ''].join('\n');
}

function labelText(names: readonly string[], values: Readonly<Record<string, string>>): string {
  if (names.length === 0) return '';
  return `{${names.map((name) => `${name}="${escapeLabel(values[name] ?? '')}"`).join(',')}}`;
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}

function valueText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (value === Infinity) return '+Inf';
  return value === -Infinity ? '-Inf' : String(value);
}

/** One reading per member of a closed set: 1 for the one that holds, 0 for the others. */
export function oneOf<L extends string>(
  label: L,
  members: readonly string[],
  current: string | undefined,
): Reading<L>[] {
  return members.map((member) => ({
    labels: { [label]: member } as Record<L, string>,
    value: member === current ? 1 : 0,
  }));
}

/** Readings with one label each, from counts by its value. */
export function byLabel<L extends string>(
  label: L,
  counts: Iterable<readonly [string, number]>,
): Reading<L>[] {
  return [...counts].map(([key, value]) => ({ labels: { [label]: key } as Record<L, string>, value }));
}
