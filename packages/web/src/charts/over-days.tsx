import type { FleetDay } from '@linux-patch/contract';
import { Table, Text, Title } from '@mantine/core';
import { lazy, Suspense, useMemo } from 'react';
import { changeOf, linesOf } from './days.ts';
import { STROKES } from './strokes.ts';

const DayChart = lazy(async () => ({ default: (await import('./day-chart.tsx')).DayChart }));

/** The most days that stand in the table. */
const NUMBERS = 60;

/** A line as it is drawn. */
function Sample({ at }: { readonly at: number }) {
  const { colour, dash } = STROKES[at] ?? { colour: 'text', dash: [] };
  return (
    <svg width="34" height="8" aria-hidden="true">
      <line
        x1="1"
        y1="4"
        x2="33"
        y2="4"
        stroke={`var(--mantine-color-${colour})`}
        strokeWidth="2"
        strokeDasharray={dash.join(' ')}
      />
    </svg>
  );
}

/** Numbers of the fleet over days: drawn, in words, and as they are. */
export function OverDays({
  what,
  days,
  wanted,
}: {
  readonly what: string;
  /** The oldest first. */
  readonly days: readonly FleetDay[];
  /** At most four; the same ones at each call. */
  readonly wanted: readonly (readonly [name: string, of: (day: FleetDay) => number])[];
}) {
  const lines = useMemo(() => linesOf(days, wanted), [days, wanted]);
  return (
    <section aria-label={what}>
      <Title order={3} size="h5">
        {what}
      </Title>
      <Suspense fallback={<div className="chart" />}>
        <DayChart what={what} days={lines} />
      </Suspense>
      <ul className="legend">
        {lines.lines.map((line, at) => (
          <li key={line.name}>
            <Sample at={at} /> {changeOf(line)}
          </li>
        ))}
      </ul>
      <details>
        <summary>The numbers</summary>
        <div className="wide" tabIndex={0} role="region" aria-label={`${what}, the numbers`}>
          <Table>
            <Table.Thead>
              <Table.Tr>
                {['Day (UTC)', ...wanted.map(([name]) => name)].map((head) => (
                  <Table.Th key={head}>{head}</Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {days
                .slice(-NUMBERS)
                .toReversed()
                .map((day) => (
                  <Table.Tr key={day.day}>
                    <Table.Td>{day.day}</Table.Td>
                    {wanted.map(([name, of]) => (
                      <Table.Td key={name}>{of(day).toLocaleString('en')}</Table.Td>
                    ))}
                  </Table.Tr>
                ))}
            </Table.Tbody>
          </Table>
        </div>
        {days.length > NUMBERS ? (
          <Text size="sm">The last {NUMBERS} days; the API has the others.</Text>
        ) : null}
      </details>
    </section>
  );
}
