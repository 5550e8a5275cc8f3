/** A metric as it was written. */
export interface ParsedMetric {
  readonly type: string;
  readonly help: string;
  /** Values by their labels, written as in the text; without labels the key is empty. */
  readonly values: ReadonlyMap<string, number>;
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const LABEL = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\["\\\\n])*"';
const HELP = new RegExp(`^# HELP (${NAME}) ((?:[^\\\\]|\\\\\\\\|\\\\n)*)$`);
const TYPE = new RegExp(`^# TYPE (${NAME}) (counter|gauge|histogram|summary|untyped)$`);
const SAMPLE = new RegExp(
  `^(${NAME})(?:\\{(${LABEL}(?:,${LABEL})*)\\})? (-?\\d+(?:\\.\\d+)?(?:e[+-]?\\d+)?|NaN|[+-]Inf)$`,
);

/**
 * Reads Prometheus' text format 0.0.4 without forgiving anything: every metric has help, type and at least one value, in
 * this order and once; no value comes twice; the last line ends.
 *
 * @throws Error that quotes the line.
 */
export function parseExposition(text: string): Map<string, ParsedMetric> {
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  const metrics = new Map<string, ParsedMetric>();
  const lines = text.slice(0, -1).split('\n');
  while (lines.length > 0) {
    const [name, metric] = takeMetric(lines);
    if (metrics.has(name)) throw new Error(`${name} comes twice`);
    metrics.set(name, metric);
  }
  return metrics;
}

function takeMetric(lines: string[]): [string, ParsedMetric] {
  const helpLine = lines.shift() ?? '';
  const [, name, help] = HELP.exec(helpLine) ?? [];
  if (name === undefined || !help) throw new Error(`no HELP line: ${helpLine}`);
  const typeLine = lines.shift() ?? '';
  const [, typed, type] = TYPE.exec(typeLine) ?? [];
  if (typed !== name || type === undefined) throw new Error(`no TYPE line of ${name}: ${typeLine}`);
  const values = new Map<string, number>();
  while (lines[0] !== undefined && !lines[0].startsWith('#')) {
    const line = lines.shift() ?? '';
    const [, sampled, labels = '', value] = SAMPLE.exec(line) ?? [];
    if (sampled !== name || value === undefined) throw new Error(`no value of ${name}: ${line}`);
    if (values.has(labels)) throw new Error(`a value comes twice: ${line}`);
    values.set(labels, Number(value.replace('Inf', 'Infinity')));
  }
  if (values.size === 0) throw new Error(`${name} has no value`);
  return [name, { type, help, values }];
}
