import { MINUTE_MS, RELEASED_AT_MS } from '@linux-patch/contract';

/** By so much clocks differ. */
const TOLERANCE_MS = 5 * MINUTE_MS;

/** Why this instant cannot be now, whatever others say of the clock; undefined where nothing here tells. */
export function ownClockFault(epochMs: number): string | undefined {
  if (epochMs >= RELEASED_AT_MS - TOLERANCE_MS) return undefined;
  const [shown, released] = [epochMs, RELEASED_AT_MS].map((ms) => new Date(ms).toISOString());
  return `it shows ${shown}, and this program is from ${released}. Set it right: 'timedatectl set-ntp true', then 'timedatectl' shows it`;
}
