import type { FleetDay } from '@linux-patch/contract';
import { NativeSelect, Stack, Text, Title } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ask } from '../api/queries.ts';
import { OverDays } from '../charts/over-days.tsx';
import { Empty } from '../states/empty.tsx';
import { Loaded } from '../states/loaded.tsx';
import { useNow } from '../words/use-now.ts';
import { When } from '../words/when.tsx';

const SPANS = [
  { value: '30', label: '30 days' },
  { value: '90', label: '90 days' },
  { value: '365', label: 'a year' },
];

type Wanted = readonly (readonly [string, (day: FleetDay) => number])[];

const HOSTS: Wanted = [
  ['current', ({ current }) => current],
  ['behind', ({ behind }) => behind],
  ['unknown', ({ unknown }) => unknown],
  ['behind on security', ({ security }) => security],
];

const UPDATES: Wanted = [
  ['all updates', ({ updates }) => updates],
  ['security updates', ({ security_updates: security }) => security],
];

const CERTIFICATES: Wanted = [
  ['thirty days or more', ({ certificates }) => certificates.later],
  ['seven to thirty days', ({ certificates }) => certificates.month],
  ['less than seven days', ({ certificates }) => certificates.week],
  ['expired or none', ({ certificates }) => certificates.expired + certificates.none],
];

/** That the last day is not over, or that nothing was written down on it yet. */
function UntilWhen({ last }: { readonly last: FleetDay | undefined }) {
  const today = new Date(useNow()).toISOString().slice(0, 10);
  if (!last) return null;
  return (
    <Text size="sm">
      {last.day === today
        ? 'The last day is today (UTC), so far: as it was'
        : `The last day is ${last.day}, as it was`}{' '}
      <When at={last.at} />. Each other day is as it was when it was looked at last.
    </Text>
  );
}

/** How the fleet fared on the last days, as it was written down on each. */
export function OverTime() {
  const [days, setDays] = useState('30');
  const query = useQuery({
    ...ask('fleetHistory', { query: { days: Number(days) } }),
    placeholderData: keepPreviousData,
  });
  return (
    <Stack mt="lg" gap="lg">
      <Title order={2} size="h4">
        Over time
      </Title>
      <NativeSelect
        label="The last"
        data={SPANS}
        value={days}
        onChange={({ currentTarget: { value } }) => setDays(value)}
      />
      <Loaded query={query} what="how the fleet fared" beside>
        {({ days: known }) =>
          known.length < 2 ? (
            <Empty title="Too few days yet.">
              <Text>
                The manager notes these figures once a day. From the second day on they are drawn here.
              </Text>
            </Empty>
          ) : (
            <Stack gap="lg">
              <UntilWhen last={known.at(-1)} />
              <OverDays what="Hosts" days={known} wanted={HOSTS} />
              <OverDays what="Updates that waited, on all hosts together" days={known} wanted={UPDATES} />
              <OverDays
                what="Hosts by the time that their certificate had left"
                days={known}
                wanted={CERTIFICATES}
              />
            </Stack>
          )
        }
      </Loaded>
    </Stack>
  );
}
