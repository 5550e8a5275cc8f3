import type { InstalledPackage, Patch } from '@linux-patch/contract';

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

const STAYS: Readonly<Record<InstalledPackage['stays'][number], string>> = {
  held: 'held on the host',
  phased: 'phased: not yet for this host',
  hidden: 'hidden: pins or the default release of the host keep it away',
};

/** The same by a listing, which does not know what is kept back. */
export function whyListedStays({ stays }: Pick<InstalledPackage, 'stays'>): string {
  return stays.map((one) => STAYS[one]).join(', ') || 'nothing is known against it';
}
