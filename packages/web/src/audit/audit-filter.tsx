import { Button, Group, NativeSelect, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { AuditSearch } from './audit-search.ts';
import { clauseOf } from './fields.ts';
import { MEANINGS } from './meanings.ts';

const EVENTS = [
  { value: '', label: 'anything' },
  ...Object.entries(MEANINGS)
    .map(([value, meaning]) => ({ value, label: `${clauseOf(meaning)} (${value})` }))
    .sort((a, b) => (a.value < b.value ? -1 : 1)),
];

/** What is looked for; it counts when it is asked for, so that nothing is searched for with every letter. */
export function AuditFilter({
  search,
  look,
}: {
  readonly search: AuditSearch;
  readonly look: (search: AuditSearch) => void;
}) {
  const [typed, setTyped] = useState({ actor: '', event: '', about: '', day: '', ...search });
  const type = (part: Partial<typeof typed>): void => setTyped((before) => ({ ...before, ...part }));
  const ask = (): void => {
    const { before: _page, ...wanted } = typed;
    look(Object.fromEntries(Object.entries(wanted).filter(([, value]) => value.trim() !== '')));
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        ask();
      }}
    >
      <Group align="end" my="md">
        <TextInput
          type="search"
          label="About"
          placeholder="a host, an address, a name"
          maxLength={128}
          value={typed.about}
          onChange={({ currentTarget: { value } }) => type({ about: value })}
        />
        <TextInput
          label="Who"
          placeholder="person:ada"
          maxLength={128}
          spellCheck={false}
          value={typed.actor}
          onChange={({ currentTarget: { value } }) => type({ actor: value })}
        />
        <NativeSelect
          label="What"
          w="16rem"
          data={EVENTS}
          value={typed.event}
          onChange={({ currentTarget: { value } }) => type({ event: value })}
        />
        <TextInput
          label="Until"
          type="date"
          value={typed.day}
          onChange={({ currentTarget: { value } }) => type({ day: value })}
        />
        <Button type="submit" variant="default">
          Search
        </Button>
      </Group>
    </form>
  );
}
