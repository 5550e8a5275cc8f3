import { judgeMoment, type Moment } from './judge.ts';
import { isFaulty, type Policy, type PolicyReading } from './policy.ts';
import type { AllowedOrigin, PolicyValues } from './schema.ts';
import { describeWindow } from './windows.ts';

/** What is in force, in plain words, one line each. */
export function describePolicy(reading: PolicyReading, moment: Moment): string[] {
  const { file } = reading;
  if (isFaulty(reading)) {
    return [
      `${file} cannot be relied on, so every change from outside is denied; reading goes on.`,
      ...reading.faults.map((fault) => `  ${fault}`),
    ];
  }
  const heading = reading.written
    ? `What ${file} lets others do on this host:`
    : `${file} does not exist, so a manager of this host may do what is usual:`;
  const closed = judgeMoment(reading, moment);
  return [
    heading,
    ...KEYS.map(
      (key) => `  ${TITLES[key].padEnd(WIDTH)}  ${wordsOf(key, reading.values)}${mark(reading, key)}`,
    ),
    closed === undefined ? '  Now a change may begin.' : `  Now no change may begin: ${closed.reason}.`,
  ];
}

const TITLES = {
  allowed_operations: 'may be asked for',
  excluded_packages: 'never touched',
  allowed_origins: 'packages may come from',
  removals: 'may be removed',
  downgrades: 'may get older versions',
  holds: 'what is held here',
  windows: 'changes may begin',
  time_zone: 'time zone of the windows',
} as const satisfies Readonly<Record<keyof PolicyValues, string>>;

const KEYS = Object.keys(TITLES) as (keyof PolicyValues)[];
const WIDTH = Math.max(...Object.values(TITLES).map((title) => title.length));

function mark({ lineOf }: Policy, key: string): string {
  const line = lineOf(key);
  return line === undefined ? ' (default)' : ` (line ${line})`;
}

const REMOVALS: Readonly<Record<PolicyValues['removals'], string>> = {
  any: 'what a request names, and what it allows to go for that',
  named: 'only what a request names',
  none: 'nothing',
};

const HOLDS: Readonly<Record<PolicyValues['holds'], string>> = {
  any: 'may be released, and changed with force',
  kept: 'stays held, and as it is',
};

function wordsOf(key: keyof PolicyValues, values: PolicyValues): string {
  switch (key) {
    case 'allowed_operations':
      return listOf(values.allowed_operations);
    case 'excluded_packages':
      return listOf(values.excluded_packages);
    case 'allowed_origins':
      return (
        values.allowed_origins?.map(describeEntry).join('; or ') ?? 'every source the host is configured with'
      );
    case 'removals':
      return REMOVALS[values.removals];
    case 'downgrades':
      return values.downgrades === 'any' ? 'what a request allows to' : 'nothing';
    case 'holds':
      return HOLDS[values.holds];
    case 'windows':
      return values.windows?.map(describeWindow).join('; ') ?? 'at any time';
    case 'time_zone':
      return values.time_zone ?? "the host's own";
  }
}

function listOf(entries: readonly string[]): string {
  return entries.length === 0 ? 'nothing' : entries.join(', ');
}

function describeEntry(entry: AllowedOrigin): string {
  return Object.entries(entry)
    .flatMap(([field, value]) => (value === undefined ? [] : [`${field} ${value}`]))
    .join(', ');
}
