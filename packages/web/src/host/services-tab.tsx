import type { OutdatedProcess, RunningService, ServiceList } from '@linux-patch/contract';
import { Checkbox, Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ask } from '../api/queries.ts';
import { ActButton } from '../shell/act-button.tsx';
import { PagedTable } from '../shell/paged-table.tsx';
import { Empty } from '../states/empty.tsx';
import { Loaded } from '../states/loaded.tsx';
import { Unknown } from '../states/unknown.tsx';
import { count } from '../words/count.ts';
import { Said } from '../words/said.tsx';
import { When } from '../words/when.tsx';
import { RestartService } from './restart-service.tsx';
import { byNeed, filesOf, unseenOf } from './running-services.ts';
import type { TabProps } from './tab-props.ts';

const WORDS: Readonly<Record<RunningService['old_code'], string>> = {
  yes: 'Yes',
  unknown: '? Unknown',
  no: 'No',
};

function OldFiles({ processes }: { readonly processes: readonly OutdatedProcess[] }) {
  const { named, more } = filesOf(processes);
  return (
    <>
      {named.map((file) => (
        <div key={file}>
          <Said text={file} />
        </div>
      ))}
      {more > 0 ? `and ${count(more, 'other')}` : null}
    </>
  );
}

/** What belongs to no service: only its own end takes it to the new code. */
function Others({ others }: Pick<ServiceList, 'others'>) {
  if (others.length === 0) return null;
  return (
    <PagedTable
      caption="Other processes that run replaced code; they end with a session, a container or the host"
      head={['Process', 'Belongs to', 'Replaced']}
      rows={others}
      row={(one) => (
        <Table.Tr key={one.pid}>
          <Table.Td>
            <Said text={one.program} /> ({one.pid})
          </Table.Td>
          <Table.Td>{one.belongs_to === null ? 'not known' : <Said text={one.belongs_to} />}</Table.Td>
          <Table.Td>
            <OldFiles processes={[one]} />
          </Table.Td>
        </Table.Tr>
      )}
    />
  );
}

/** What runs on the host, and what of it still runs code that was replaced; asked from the host itself. */
export function ServicesTab({ host }: TabProps) {
  const { id, fqdn } = host;
  const [isWhole, setWhole] = useState(false);
  const query = useQuery({
    ...ask('hostServices', { parameters: { id } }),
    // The host looks at each of its processes for that.
    refetchInterval: false,
    enabled: host.left_at === null,
  });
  if (host.left_at !== null) return <Empty title="The host has left; nobody can ask it for its services." />;
  return (
    <Stack mt="md">
      <ActButton why={undefined} busy={query.isFetching} act={() => void query.refetch()} quiet>
        Look again
      </ActButton>
      <Loaded query={query} what="the services, from the host itself">
        {(list) => {
          const old = byNeed(list.services).filter((one) => one.old_code !== 'no');
          const shown = isWhole ? byNeed(list.services) : old;
          const unseen = unseenOf(list);
          return (
            <>
              {unseen.length > 0 ? (
                <Unknown title="Not everything could be looked at" reason={unseen.join(' ')} />
              ) : null}
              <Text role="status">
                {count(list.services.length, 'service')}, looked at <When at={list.looked_at} />.{' '}
                {old.length === 0
                  ? 'None of them is known to run code that was replaced.'
                  : `${count(old.length, 'service')} may run code that was replaced since it started; a restart takes up the new one.`}
              </Text>
              <Checkbox
                label="Services that run current code, too"
                checked={isWhole}
                onChange={({ currentTarget: { checked } }) => setWhole(checked)}
              />
              {shown.length > 0 ? (
                <PagedTable
                  caption={`Services of ${fqdn}`}
                  head={['Service', 'Replaced code', 'What was replaced', 'Restart']}
                  rows={shown}
                  row={(one) => (
                    <Table.Tr key={one.name}>
                      <Table.Td>
                        <Said text={one.name} />
                      </Table.Td>
                      <Table.Td>{WORDS[one.old_code]}</Table.Td>
                      <Table.Td>
                        <OldFiles processes={one.outdated} />
                      </Table.Td>
                      <Table.Td>
                        {one.manager === 'systemd' ? (
                          <RestartService host={host} name={one.name} />
                        ) : (
                          <Text size="sm">On the host: rc-service {one.name} restart</Text>
                        )}
                      </Table.Td>
                    </Table.Tr>
                  )}
                />
              ) : null}
              <Others others={list.others} />
            </>
          );
        }}
      </Loaded>
    </Stack>
  );
}
