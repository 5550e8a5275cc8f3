const DAY_S = 86_400;
const YEAR_S = 365.25 * DAY_S;

const STEPS: readonly (readonly [seconds: number, unit: string])[] = [
  [DAY_S, 'd'],
  [3_600, 'h'],
  [60, 'min'],
  [1, 's'],
];

/** From so long on days are too many to mean anything, and a day of the calendar is told as well. */
export const LONG_MS = 2 * YEAR_S * 1_000;

/** How long ago something was, short: `12 s`, `3 d`, `9 years`. What is said to be in the future is `now`. */
export function ageOf(at: string | number, nowMs: number): string {
  const ms = nowMs - new Date(at).getTime();
  if (ms >= LONG_MS) return `${Math.round(ms / (YEAR_S * 1_000))} years`;
  const seconds = Math.floor(ms / 1_000);
  for (const [size, unit] of STEPS) if (seconds >= size) return `${Math.floor(seconds / size)} ${unit}`;
  return 'now';
}
