import { Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { type Answered, call } from '../api/call.ts';
import { ActButton } from '../shell/act-button.tsx';
import { Empty } from '../states/empty.tsx';
import { Loaded } from '../states/loaded.tsx';
import { Unknown } from '../states/unknown.tsx';
import { When } from '../words/when.tsx';
import type { TabProps } from './tab-props.ts';
import { wholeListing } from './whole-listing.ts';
import { whyItStays } from './why-it-stays.ts';

type Patch = Answered<'hostPatches'>['patches'][number];

function UpdateTable({
  caption,
  head,
  children,
}: {
  readonly caption: string;
  readonly head: string;
  readonly children: ReactNode;
}) {
  return (
    <div className="wide">
      <Table>
        <Table.Caption>{caption}</Table.Caption>
        <Table.Thead>
          <Table.Tr>
            {['Package', 'Installed', 'Waits', 'Security', head].map((name) => (
              <Table.Th key={name}>{name}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>{children}</Table.Tbody>
      </Table>
    </div>
  );
}

function security(known: boolean | null): string {
  return known === null ? '? not known' : known ? '✖ yes' : 'no';
}

function Asked({ patches }: { readonly patches: readonly Patch[] }) {
  if (patches.length === 0) return <Empty title="Nothing waits, the host says." />;
  return (
    <UpdateTable caption="As the host says now" head="Why it would stay">
      {patches.map((one) => (
        <Table.Tr key={one.name}>
          <Table.Td>{one.name}</Table.Td>
          <Table.Td>{one.current_version}</Table.Td>
          <Table.Td>{one.available_version}</Table.Td>
          <Table.Td>{security(one.security_known === false ? null : one.security)}</Table.Td>
          <Table.Td>{whyItStays(one)}</Table.Td>
        </Table.Tr>
      ))}
    </UpdateTable>
  );
}

function Listed({ listing }: { readonly listing: Answered<'hostInventory'> }) {
  const { host } = listing;
  const waiting = listing.packages.filter(({ candidate }) => candidate !== null);
  const isUnknown = host.state === 'unknown';
  return (
    <Stack>
      {isUnknown ? <Unknown title="What waits now is unknown" reason={host.reason} /> : null}
      {waiting.length === 0 && !isUnknown ? (
        <Empty title="Nothing waits on this host.">
          <Text>
            It was listed <When at={host.listed_at} />.
          </Text>
        </Empty>
      ) : null}
      {waiting.length > 0 ? (
        <UpdateTable caption="When it was listed last" head="Architecture">
          {waiting.map((one) => (
            <Table.Tr key={`${one.name} ${one.architecture}`}>
              <Table.Td>{one.name}</Table.Td>
              <Table.Td>{one.version}</Table.Td>
              <Table.Td>{one.candidate}</Table.Td>
              <Table.Td>{security(one.security)}</Table.Td>
              <Table.Td>{one.architecture}</Table.Td>
            </Table.Tr>
          ))}
        </UpdateTable>
      ) : null}
    </Stack>
  );
}

/** What waits on the host: by its last listing, and by its own words when it is asked. */
export function UpdatesTab({ host }: TabProps) {
  const asked = useQuery({
    queryKey: ['patches now', host.id],
    queryFn: ({ signal }) =>
      call('hostPatches', { parameters: { id: host.id }, query: { explain: true }, signal }),
    enabled: false,
  });
  const listed = useQuery(wholeListing(host.id));
  return (
    <Stack mt="md">
      <ActButton
        why={host.left_at === null ? undefined : 'The host has left; nobody can ask it.'}
        busy={asked.isFetching}
        act={() => void asked.refetch()}
        quiet
      >
        Ask the host now
      </ActButton>
      {asked.isFetched || asked.isFetching ? (
        <Loaded query={asked} what="what waits, from the host itself">
          {({ patches }) => <Asked patches={patches} />}
        </Loaded>
      ) : (
        <Loaded query={listed} what="what waits on the host">
          {(listing) => <Listed listing={listing} />}
        </Loaded>
      )}
    </Stack>
  );
}
