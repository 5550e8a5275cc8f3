import { type PolicyWindow, WEEKDAYS } from './schema.ts';

const MINUTE_MS = 60_000;
/** A window opens at least once a week; a week more for one that lies in the hour that is left out in spring. */
const SEARCH_MINUTES = 15 * 24 * 60;

/** Clocks are changed at whole quarters of an hour. */
const QUARTER = 15;

/** What a clock on the wall shows. */
interface WallTime {
  /** Of `WEEKDAYS`. */
  readonly day: number;
  /** Minutes since midnight. */
  readonly minute: number;
}

type Wall = (epochMs: number) => WallTime;

/** The clock on the wall of a time zone. */
function wallOf(timeZone: string): Wall {
  const format = new Intl.DateTimeFormat('en', {
    timeZone,
    hourCycle: 'h23',
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
  });
  return (epochMs) => {
    const parts = new Map(format.formatToParts(epochMs).map(({ type, value }) => [type, value]));
    const day = WEEKDAYS.findIndex((name) => name === parts.get('weekday')?.toLowerCase());
    return { day, minute: Number(parts.get('hour')) * 60 + Number(parts.get('minute')) };
  };
}

function opensOn({ days }: PolicyWindow, day: number): boolean {
  return days === undefined || days.some((name) => WEEKDAYS[(day + 7) % 7] === name);
}

/** Whether the wall clock shows a time of this window. Its days are those on which it opens. */
function holds(window: PolicyWindow, { day, minute }: WallTime): boolean {
  const { from, to } = window;
  if (from < to) return opensOn(window, day) && minute >= from && minute < to;
  return (opensOn(window, day) && minute >= from) || (opensOn(window, day - 1) && minute < to);
}

/**
 * Whether a change may begin at this instant: the wall clock of the time zone shows a time of one of the windows. So a time
 * that is left out in spring never comes, and one that comes twice in autumn counts twice.
 */
export function isOpen(windows: readonly PolicyWindow[], timeZone: string, epochMs: number): boolean {
  const shown = wallOf(timeZone)(epochMs);
  return windows.some((window) => holds(window, shown));
}

/** The first whole minute from an instant on at which a window is open; undefined when none is within two weeks. */
export function nextOpening(
  windows: readonly PolicyWindow[],
  timeZone: string,
  epochMs: number,
): number | undefined {
  const wall = wallOf(timeZone);
  const first = Math.ceil(epochMs / MINUTE_MS) * MINUTE_MS;
  let minutes = 0;
  while (minutes < SEARCH_MINUTES) {
    const instant = first + minutes * MINUTE_MS;
    const shown = wall(instant);
    if (windows.some((window) => holds(window, shown))) return instant;
    minutes += untilSomethingMay(windows, shown);
  }
  return undefined;
}

/** Minutes until a window may open next: at its time, or where a day begins or the clock on the wall is changed. */
function untilSomethingMay(windows: readonly PolicyWindow[], { minute }: WallTime): number {
  const waits = windows.flatMap(({ from }) => (from > minute ? [from - minute] : []));
  return Math.min(QUARTER - (minute % QUARTER), ...waits);
}

/** An instant as people of the time zone write it: `Sun 2026-11-29 02:00`. */
export function describeInstant(timeZone: string, epochMs: number): string {
  const format = new Intl.DateTimeFormat('en', {
    timeZone,
    hourCycle: 'h23',
    weekday: 'short',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
  });
  const parts = new Map(format.formatToParts(epochMs).map(({ type, value }) => [type, value]));
  const part = (name: Intl.DateTimeFormatPartTypes): string => parts.get(name) ?? '';
  return `${part('weekday')} ${part('year')}-${part('month')}-${part('day')} ${part('hour')}:${part('minute')} ${timeZone}`;
}

function clockOf(minutes: number): string {
  const two = (number: number): string => String(number).padStart(2, '0');
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/** One window for people: `sat, sun 22:00–04:00 of the next day`. */
export function describeWindow({ days, from, to }: PolicyWindow): string {
  const when = days === undefined ? 'every day' : days.join(', ');
  return `${when} ${clockOf(from)}–${clockOf(to)}${to < from ? ' of the next day' : ''}`;
}
