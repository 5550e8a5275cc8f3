import { useClockDifference } from './manager-clock.ts';
import { When } from './when.tsx';

/** The age of an answer. @param at when it came, by the clock of this device */
export function SaidWhen({ at }: { readonly at: number }) {
  return <When at={at + useClockDifference()} />;
}
