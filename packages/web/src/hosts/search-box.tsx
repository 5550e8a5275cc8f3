import { Button, Group, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useId, useMemo } from 'react';
import { ask } from '../api/queries.ts';
import { completionsOf, knownTerms } from './completions.ts';
import { withTerm } from './hosts-search.ts';
import type { KnownHost } from './known-host.ts';
import { SEARCH_HELP, termsOf } from './search.ts';

/** What is looked for most, for whoever does not type. */
const USUAL = [
  ['Security updates', 'security:>0'],
  ['Behind', 'state:behind'],
  ['Unknown', 'state:unknown'],
  ['Reboot needed', 'reboot:needed'],
  ['Not seen for a day', 'seen:>1d'],
  ['Identity trouble', 'identity:trouble'],
] as const;

/** What hosts are looked for by, with what can be typed next. */
export function SearchBox({
  search,
  hosts,
  look,
}: {
  readonly search: string;
  readonly hosts: readonly KnownHost[];
  readonly look: (search: string) => void;
}) {
  const list = useId();
  const saved = useQuery(ask('listSearches')).data?.searches;
  const terms = useMemo(() => knownTerms(hosts, saved?.map(({ name }) => name) ?? []), [hosts, saved]);
  const completions = useMemo(() => completionsOf(search, terms), [search, terms]);
  const said = termsOf(search);
  return (
    <>
      <TextInput
        type="search"
        label="Search"
        description={SEARCH_HELP}
        value={search}
        list={list}
        autoComplete="off"
        onChange={({ currentTarget: { value } }) => look(value)}
      />
      <datalist id={list}>
        {completions.map((one) => (
          <option key={one} value={one} />
        ))}
      </datalist>
      <Group gap="xs" my="sm" role="group" aria-label="Often looked for">
        {USUAL.map(([words, term]) => (
          <Button
            key={term}
            size="compact-sm"
            variant={said.includes(term) ? 'filled' : 'default'}
            aria-pressed={said.includes(term)}
            onClick={() => look(withTerm(search, term))}
          >
            {words}
          </Button>
        ))}
      </Group>
    </>
  );
}
