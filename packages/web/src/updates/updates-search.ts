import { fromOf } from '../shell/from-of.ts';

/** What of the updates of the fleet is looked at, as an address says it. */
export interface UpdatesSearch {
  /** Default: by package. */
  readonly by?: 'host';
  readonly security?: 'yes';
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
    ...(said.security === 'yes' ? { security: 'yes' } : {}),
    ...(typeof said.package === 'string' && said.package !== '' ? { package: said.package } : {}),
    ...(from > 0 ? { from } : {}),
  };
}
