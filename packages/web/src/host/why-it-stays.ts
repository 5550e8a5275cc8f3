import type { Patch } from '@linux-patch/contract';

/** Why an update would not be taken with the others; they are different things with different remedies. */
export function whyItStays({ held, phased, kept_back, reason }: Patch): string {
  const kinds = [
    ...(held ? ['held on the host'] : []),
    ...(phased ? ['phased: not yet for this host'] : []),
    ...(kept_back === true ? ['kept back: it wants something else changed'] : []),
  ].join(', ');
  if (typeof reason === 'string') return kinds === '' ? reason : `${kinds}. ${reason}`;
  return kinds === '' ? 'nothing is known against it' : kinds;
}
