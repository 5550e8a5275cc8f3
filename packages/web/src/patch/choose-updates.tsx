import type { InstalledPackage } from '@linux-patch/contract';
import { Checkbox, Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { wholeListing } from '../host/whole-listing.ts';
import { whyListedStays } from '../host/why-it-stays.ts';
import { PagedTable } from '../shell/paged-table.tsx';
import { Empty } from '../states/empty.tsx';
import { Loaded } from '../states/loaded.tsx';
import { count } from '../words/count.ts';
import { securityWord } from '../words/security-word.ts';
import { When } from '../words/when.tsx';

/** Security first, then by name. */
function inOrder(a: InstalledPackage, b: InstalledPackage): number {
  const rank = ({ security }: InstalledPackage): number => (security === true ? 0 : 1);
  return rank(a) - rank(b) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
}

/** Single updates of those that waited when the host was listed last. */
export function ChooseUpdates({
  hostId,
  chosen,
  choose,
}: {
  readonly hostId: string;
  readonly chosen: readonly string[];
  readonly choose: (names: readonly string[]) => void;
}) {
  const query = useQuery(wholeListing(hostId));
  const has = new Set(chosen);
  const toggle = (name: string): void =>
    choose(has.has(name) ? chosen.filter((one) => one !== name) : [...chosen, name]);
  return (
    <Loaded query={query} what="what waits on the host">
      {({ packages, host }) => {
        const waiting = packages.filter(({ candidate }) => candidate !== null).sort(inOrder);
        if (waiting.length === 0)
          return (
            <Empty title="By its last listing nothing waits on this host.">
              <Text>
                It was listed <When at={host.listed_at} />.
              </Text>
            </Empty>
          );
        return (
          <Stack>
            <Text role="status">{count(chosen.length, 'update')} chosen</Text>
            <PagedTable
              caption="Updates to choose from"
              head={['Package', 'Installed', 'Waits', 'Security', 'Why it would stay']}
              rows={waiting}
              row={(one) => (
                <Table.Tr key={`${one.name} ${one.architecture}`}>
                  <Table.Td>
                    <Checkbox
                      label={one.name}
                      checked={has.has(one.name)}
                      onChange={() => toggle(one.name)}
                    />
                  </Table.Td>
                  <Table.Td>{one.version}</Table.Td>
                  <Table.Td>{one.candidate}</Table.Td>
                  <Table.Td>{securityWord(one.security)}</Table.Td>
                  <Table.Td>{whyListedStays(one)}</Table.Td>
                </Table.Tr>
              )}
            />
          </Stack>
        );
      }}
    </Loaded>
  );
}
