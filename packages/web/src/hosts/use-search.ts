import { useDebouncedValue } from '@mantine/hooks';
import { useQueries } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useNow } from '../words/use-now.ts';
import { askedTerms, askTerm } from './asked-terms.ts';
import type { KnownHost } from './known-host.ts';
import { type Asked, searchHosts } from './search.ts';

/** Somebody who still types asks the manager nothing. */
const SETTLES_MS = 300;
const ROUTES = { has: 'packageInventory', lacks: 'packageMissing', saved: 'listHosts' } as const;

/** What a search finds, as far as that is known. */
interface Sought extends ReturnType<typeof searchHosts> {
  /** The word for which the manager is being asked; then nothing is known yet. */
  readonly waitsFor: string | undefined;
  /** Why the manager could not say it; undefined when nothing failed. */
  readonly error: unknown;
}

/** Looks for hosts; words about packages and saved searches are asked of the manager. */
export function useSearch(all: readonly KnownHost[], search: string): Sought {
  const nowMs = useNow();
  const [settled] = useDebouncedValue(search, SETTLES_MS);
  const terms = useMemo(() => askedTerms(search), [search]);
  const answers = useQueries({
    queries: terms.map(({ wanted }) => ({
      queryKey: [ROUTES[wanted.kind], wanted],
      queryFn: ({ signal }: { readonly signal: AbortSignal }) => askTerm(wanted, signal),
      enabled: settled === search,
    })),
    combine: (results) => ({
      asked: new Map<string, Asked>(
        results.flatMap(({ data }, index) => (data ? [[terms[index]?.term ?? '', data] as const] : [])),
      ),
      error: results.find(({ data, error }) => !data && error)?.error,
      waitsFor: terms[results.findIndex(({ data, error }) => !data && !error)]?.term,
    }),
  });
  const { asked, error, waitsFor } = answers;
  const found = useMemo(() => searchHosts(all, search, { nowMs, asked }), [all, search, nowMs, asked]);
  return { ...found, error, waitsFor };
}
