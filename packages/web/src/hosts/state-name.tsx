import type { KnownHost } from './known-host.ts';

const MARKS: Readonly<Record<KnownHost['state'], string>> = {
  current: '✓',
  behind: '▲',
  unknown: '?',
  left: '–',
};

/** How a host fares, by a word and a sign. */
export function StateName({ state }: { readonly state: KnownHost['state'] }) {
  return (
    <>
      <span aria-hidden="true">{MARKS[state]} </span>
      {state}
    </>
  );
}
