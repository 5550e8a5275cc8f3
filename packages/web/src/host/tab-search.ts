/** What of a host is looked at, as an address says it. */
export interface TabSearch {
  /** Of its updates only those that mend security faults. */
  readonly security?: 'yes';
}

/** Reads an address; what it does not say right is left out. */
export function tabSearchOf({ security }: Record<string, unknown>): TabSearch {
  return security === 'yes' ? { security } : {};
}

/** What is shown of updates of which security is `true`, `false`, or, where nobody can tell, null. */
export function wantedOf<U>(
  updates: readonly U[],
  securityOf: (update: U) => boolean | null,
  { security }: TabSearch,
): { readonly shown: readonly U[]; readonly remark: string | undefined } {
  if (security !== 'yes') return { shown: updates, remark: undefined };
  const shown = updates.filter((one) => securityOf(one) === true);
  const untold = updates.filter((one) => securityOf(one) === null).length;
  return {
    shown,
    remark:
      untold === 0 ? undefined : `Of ${untold} more it is not known whether they mend a security fault.`,
  };
}
