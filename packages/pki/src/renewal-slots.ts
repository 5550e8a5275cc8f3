import { HOUR_MS } from '@linux-patch/contract';
import { RENEWAL_SPAN, type RenewalWindow } from './renewal-policy.ts';

/** A host's window is the first part of an hour, so that the attempts of one slot end within the same hour. */
const WINDOW_MS = 40 * 60_000;

/**
 * The window in which a certificate shall be renewed: of the hours between 60 % and 80 % of its lifetime one of those
 * with the fewest renewals planned. Undefined for lifetimes that leave no choice.
 *
 * @param planned renewals planned in an hour, counted from the epoch
 * @param draw uniform in [0, 1), chooses among equals
 */
export function chooseRenewalWindow(
  lifetime: { readonly notBeforeMs: number; readonly notAfterMs: number },
  planned: (hour: number) => number,
  draw: number,
): RenewalWindow | undefined {
  const { notBeforeMs, notAfterMs } = lifetime;
  const at = (part: number): number => notBeforeMs + (notAfterMs - notBeforeMs) * part;
  const first = Math.ceil(at(RENEWAL_SPAN.from) / HOUR_MS);
  const last = Math.floor(at(RENEWAL_SPAN.to) / HOUR_MS) - 1;
  if (last <= first) return undefined;
  let fewest = Number.POSITIVE_INFINITY;
  let equals: number[] = [];
  for (let hour = first; hour <= last; hour += 1) {
    const count = planned(hour);
    if (count < fewest) {
      fewest = count;
      equals = [];
    }
    if (count === fewest) equals.push(hour);
  }
  return renewalWindowFrom((equals[Math.floor(draw * equals.length)] ?? first) * HOUR_MS);
}

/** The window that begins then. */
export function renewalWindowFrom(startMs: number): RenewalWindow {
  return { startMs, endMs: startMs + WINDOW_MS };
}

/** The hour of an instant, as `chooseRenewalWindow` counts them. */
export function renewalHour(epochMs: number): number {
  return Math.floor(epochMs / HOUR_MS);
}
