export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** An instant as it is shown to others; null where there is none. */
export function isoOf(epochMs: number): string;
export function isoOf(epochMs: number | null | undefined): string | null;
export function isoOf(epochMs: number | null | undefined): string | null {
  return epochMs === null || epochMs === undefined ? null : new Date(epochMs).toISOString();
}
