import { Alert, Checkbox, Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { ReactNode } from 'react';
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
import { type TabSearch, wantedOf } from './tab-search.ts';
import { wholeListing } from './whole-listing.ts';
import { whyItStays, whyListedStays } from './why-it-stays.ts';

const route = getRouteApi('/hosts/$name/$tab');

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

/** Updates of which those are shown that somebody wants to see, or that none of them is one. */
function Wanted<U>({
  caption,
  updates,
  securityOf,
  row,
}: {
  readonly caption: string;
  /** At least one. */
  readonly updates: readonly U[];
  readonly securityOf: (update: U) => boolean | null;
  /** A `Table.Tr` with its key. */
  readonly row: (one: U) => ReactNode;
}) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { shown, remark } = wantedOf(updates, securityOf, search);
  const isOnly = search.security === 'yes';
  const next: TabSearch = isOnly ? {} : { security: 'yes' };
  return (
    <>
      <Checkbox
        label="Security updates only"
        checked={isOnly}
        onChange={() => void navigate({ search: next, replace: true })}
      />
      {shown.length === 0 ? (
        <Empty title="None of the updates that wait is known to mend a security fault." />
      ) : (
        <PagedTable caption={caption} head={HEAD} rows={shown} row={row} />
      )}
      {remark === undefined ? null : <Text size="sm">{remark}</Text>}
    </>
  );
}

const knownSecurity = ({ security, security_known: isKnown }: Patch): boolean | null =>
  isKnown === false ? null : security;

function Asked({ patches }: { readonly patches: readonly Patch[] }) {
  if (patches.length === 0) return <Empty title="Nothing waits, the host says." />;
  return (
    <Wanted
      caption="As the host says now"
      updates={patches}
      securityOf={knownSecurity}
      row={(one) => (
        <Table.Tr key={one.name}>
          <Table.Td>{one.name}</Table.Td>
          <Table.Td>{one.current_version}</Table.Td>
          <Table.Td>{one.available_version}</Table.Td>
          <Table.Td>{securityWord(knownSecurity(one))}</Table.Td>
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
          <Wanted
            caption="When it was listed last"
            updates={waiting}
            securityOf={({ security }) => security}
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
