import { Alert, Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type Answered, call } from '../api/call.ts';
import { ActButton } from '../shell/act-button.tsx';
import { PagedTable } from '../shell/paged-table.tsx';
import { Empty } from '../states/empty.tsx';
import { Loaded } from '../states/loaded.tsx';
import { Unknown } from '../states/unknown.tsx';
import { listsRemarks } from '../words/lists-remarks.ts';
import { securityWord } from '../words/security-word.ts';
import { useNow } from '../words/use-now.ts';
import { When } from '../words/when.tsx';
import type { TabProps } from './tab-props.ts';
import { wholeListing } from './whole-listing.ts';
import { whyItStays, whyListedStays } from './why-it-stays.ts';

type Patch = Answered<'hostPatches'>['patches'][number];

const HEAD = ['Package', 'Installed', 'Waits', 'Security', 'Why it would stay'];

/** What the answer of the host lacks, and how old what it stands on is. */
function ListsDoubts({ lists }: Pick<Answered<'hostPatches'>, 'lists'>) {
  const remarks = listsRemarks(lists, useNow());
  if (remarks.length === 0) return null;
  return (
    <Alert color="yellow" title="⚠ This may not be all">
      <ul>
        {remarks.map((one) => (
          <li key={one}>{one}</li>
        ))}
      </ul>
    </Alert>
  );
}

function Asked({ patches }: { readonly patches: readonly Patch[] }) {
  if (patches.length === 0) return <Empty title="Nothing waits, the host says." />;
  return (
    <PagedTable
      caption="As the host says now"
      head={HEAD}
      rows={patches}
      row={(one) => (
        <Table.Tr key={one.name}>
          <Table.Td>{one.name}</Table.Td>
          <Table.Td>{one.current_version}</Table.Td>
          <Table.Td>{one.available_version}</Table.Td>
          <Table.Td>{securityWord(one.security_known === false ? null : one.security)}</Table.Td>
          <Table.Td>{whyItStays(one)}</Table.Td>
        </Table.Tr>
      )}
    />
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
        <>
          <PagedTable
            caption="When it was listed last"
            head={HEAD}
            rows={waiting}
            row={(one) => (
              <Table.Tr key={`${one.name} ${one.architecture}`}>
                <Table.Td>{one.name}</Table.Td>
                <Table.Td>{one.version}</Table.Td>
                <Table.Td>{one.candidate}</Table.Td>
                <Table.Td>{securityWord(one.security)}</Table.Td>
                <Table.Td>{whyListedStays(one)}</Table.Td>
              </Table.Tr>
            )}
          />
          <Text size="sm">
            What would be kept back for want of something else is known only when the host is asked now.
          </Text>
        </>
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
          {({ patches, lists }) => (
            <>
              <ListsDoubts lists={lists} />
              <Asked patches={patches} />
            </>
          )}
        </Loaded>
      ) : (
        <Loaded query={listed} what="what waits on the host">
          {(listing) => <Listed listing={listing} />}
        </Loaded>
      )}
    </Stack>
  );
}
