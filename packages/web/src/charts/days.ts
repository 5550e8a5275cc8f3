import type { FleetDay } from '@linux-patch/contract';

const DAY_S = 86_400;

/** Numbers of days one after the other; null where nobody wrote one down. */
export interface DayLine {
  readonly name: string;
  readonly values: readonly (number | null)[];
}

export interface DayLines {
  /** Each day from the first to the last, seconds since 1970, UTC. */
  readonly seconds: readonly number[];
  readonly lines: readonly DayLine[];
}

/**
 * What was written down on each day, with a gap for each day on which nothing was.
 * @param days the oldest first
 */
export function linesOf(
  days: readonly FleetDay[],
  wanted: readonly (readonly [name: string, of: (day: FleetDay) => number])[],
): DayLines {
  const secondsOf = ({ day }: FleetDay): number => Date.parse(`${day}T00:00:00Z`) / 1_000;
  const byDay = new Map(days.map((day) => [secondsOf(day), day]));
  const [first, last] = [days[0], days.at(-1)];
  const seconds =
    first && last
      ? Array.from(
          { length: (secondsOf(last) - secondsOf(first)) / DAY_S + 1 },
          (_, at) => secondsOf(first) + at * DAY_S,
        )
      : [];
  const lines = wanted.map(([name, of]) => ({
    name,
    values: seconds.map((second) => {
      const day = byDay.get(second);
      return day ? of(day) : null;
    }),
  }));
  return { seconds, lines };
}

/** What a number did between the first and the last day, as a clause. */
export function changeOf({ name, values }: DayLine): string {
  const known = values.filter((value) => value !== null);
  const [first = 0, last = 0] = [known[0], known.at(-1)];
  if (first === last) return `${name} ${last}, as before`;
  return `${name} ${last}, ${last > first ? 'up' : 'down'} from ${first}`;
}
