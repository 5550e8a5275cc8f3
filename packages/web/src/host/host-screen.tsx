import { Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import type { ComponentType } from 'react';
import { ask } from '../api/queries.ts';
import { Empty } from '../states/empty.tsx';
import { Loaded } from '../states/loaded.tsx';
import { HistoryTab } from './history-tab.tsx';
import { HostNote } from './host-note.tsx';
import { IdentityTab } from './identity-tab.tsx';
import { JobsTab } from './jobs-tab.tsx';
import { OverviewTab } from './overview-tab.tsx';
import { PackagesTab } from './packages-tab.tsx';
import { ServicesTab } from './services-tab.tsx';
import type { TabProps } from './tab-props.ts';
import { UpdatesTab } from './updates-tab.tsx';

/** In the order in which they are shown; a new one is entered here. */
const TABS: Readonly<Record<string, ComponentType<TabProps>>> = {
  overview: OverviewTab,
  updates: UpdatesTab,
  packages: PackagesTab,
  services: ServicesTab,
  history: HistoryTab,
  jobs: JobsTab,
  identity: IdentityTab,
};

/** The ways to what can be done on a host, and to what is known of it. */
function Ways({ name, tab }: { readonly name: string; readonly tab: string }) {
  return (
    <>
      <Text mb="xs">
        <Link to="/hosts/$name/patch" params={{ name }}>
          Patch {name}
        </Link>
        : what would be done is shown first.
      </Text>
      <nav className="tabs" aria-label={`Of ${name}`}>
        {Object.keys(TABS).map((one) => (
          <Link
            key={one}
            className="shell-link"
            to="/hosts/$name/$tab"
            params={{ name, tab: one }}
            aria-current={one === tab ? 'page' : undefined}
          >
            {one.charAt(0).toUpperCase() + one.slice(1)}
          </Link>
        ))}
      </nav>
    </>
  );
}

/** What is wrong with one host, since when, and why. */
export function HostScreen() {
  const { name = '', tab = 'overview' } = useParams({ strict: false });
  const Tab = Object.hasOwn(TABS, tab) ? TABS[tab] : undefined;
  const query = useQuery(ask('getHost', { parameters: { id: name } }));
  return (
    <>
      <Title order={1} mb="md">
        {name}
      </Title>
      <HostNote note={query.data?.note ?? null} />
      {query.data ? <Ways name={name} tab={tab} /> : null}
      <Loaded query={query} what={name}>
        {(host) => (Tab ? <Tab host={host} /> : <Empty title={`A host has no tab "${tab}".`} />)}
      </Loaded>
    </>
  );
}
