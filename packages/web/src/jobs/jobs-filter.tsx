import { Button, Group, NativeSelect, TextInput } from '@mantine/core';
import { useState } from 'react';
import { type JobsSearch, jobsSearchOf, STATES } from './jobs-search.ts';

const CHOICES = [
  { value: '', label: 'any' },
  ...Object.entries(STATES).map(([value, label]) => ({ value, label })),
];

/** Which jobs are looked for; it counts when it is asked for, so that no half name is. */
export function JobsFilter({
  search: { host: lookedFor = '', state: lookedIn, act },
  look,
}: {
  readonly search: JobsSearch;
  readonly look: (search: JobsSearch) => void;
}) {
  const [host, setHost] = useState(lookedFor);
  const [state, setState] = useState<string>(lookedIn ?? '');
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        look(jobsSearchOf({ host, state, act }));
      }}
    >
      <Group align="end" mb="md">
        <TextInput
          type="search"
          label="Host"
          placeholder="its name or address"
          maxLength={253}
          spellCheck={false}
          value={host}
          onChange={({ currentTarget: { value } }) => setHost(value)}
        />
        <NativeSelect
          label="State"
          data={CHOICES}
          value={state}
          onChange={({ currentTarget: { value } }) => setState(value)}
        />
        <Button type="submit" variant="default">
          Look
        </Button>
      </Group>
    </form>
  );
}
