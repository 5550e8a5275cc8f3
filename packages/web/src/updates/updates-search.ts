import type { UpdateAge } from '@linux-patch/contract';
import { fromOf } from '../shell/from-of.ts';
import { isAge } from './ages.ts';

/** What of the updates of the fleet is looked at, as an address says it. */
export interface UpdatesSearch {
  /** Default: by package. */
  readonly by?: 'host';
  /** `no` is what is not known to mend security faults. */
  readonly security?: 'yes' | 'no';
  /** Only what has waited so long. */
  readonly age?: UpdateAge;
  /** The hosts on which updates of this package wait. */
  readonly package?: string;
  /** Entries before the first that is shown. */
  readonly from?: number;
}

/** Reads an address; what it does not say right is left out. */
export function updatesSearch(said: Record<string, unknown>): UpdatesSearch {
  const from = fromOf(said.from);
  return {
    ...(said.by === 'host' ? { by: 'host' } : {}),
    ...(said.security === 'yes' || said.security === 'no' ? { security: said.security } : {}),
    ...(isAge(said.age) ? { age: said.age } : {}),
    ...(typeof said.package === 'string' && said.package !== '' ? { package: said.package } : {}),
    ...(from > 0 ? { from } : {}),
  };
}
