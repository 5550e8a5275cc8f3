const STEPS: readonly (readonly [seconds: number, unit: string])[] = [
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'min'],
  [1, 's'],
];

/** How long ago something was, short: `12 s`, `3 d`. What is said to be in the future is `now`. */
export function ageOf(at: string | number, nowMs: number): string {
  const seconds = Math.floor((nowMs - new Date(at).getTime()) / 1_000);
  for (const [size, unit] of STEPS) if (seconds >= size) return `${Math.floor(seconds / size)} ${unit}`;
  return 'now';
}
