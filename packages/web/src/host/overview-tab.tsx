import type { Host } from '@linux-patch/contract';
import { Alert, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { Answered } from '../api/call.ts';
import { ask } from '../api/queries.ts';
import { labelsOf } from '../hosts/known-host.ts';
import { identityOf } from '../hosts/known-identity.ts';
import { StateName } from '../hosts/state-name.tsx';
import { Loaded } from '../states/loaded.tsx';
import { Unknown } from '../states/unknown.tsx';
import { policyFact } from '../words/policy.ts';
import { Said } from '../words/said.tsx';
import { When } from '../words/when.tsx';
import { Facts } from './facts.tsx';
import { PutTogether } from './put-together.tsx';
import { RebootHost } from './reboot-host.tsx';
import type { TabProps } from './tab-props.ts';
import type { TabSearch } from './tab-search.ts';

/** Whether the host needs a reboot, and why. */
function rebootWords({ needed, reasons }: Host['reboot']): string {
  if (needed === null) return 'not known whether it needs one';
  if (!needed) return 'not needed';
  return reasons.length === 0 ? 'needed' : `needed: ${reasons.join('; ')}`;
}

/** A number, and the way to what it counts. */
function InTab({
  host,
  tab,
  number,
  search = {},
}: {
  readonly host: Host;
  readonly tab: string;
  readonly search?: TabSearch;
  readonly number: number;
}) {
  return (
    <Link to="/hosts/$name/$tab" params={{ name: host.fqdn, tab }} search={search}>
      {number.toLocaleString('en')}
    </Link>
  );
}

/** How the host stands by its last listing; every number leads to what it counts. */
function Waiting({
  host,
  listing,
}: {
  readonly host: Host;
  readonly listing: Answered<'hostInventory'>['host'];
}) {
  const isUnknown = listing.state === 'unknown';
  return (
    <Facts
      of={[
        ['State', <StateName key="state" state={listing.state} />],
        [
          isUnknown ? 'Security updates, then' : 'Security updates',
          <InTab
            key="security"
            host={host}
            tab="updates"
            search={{ security: 'yes' }}
            number={listing.security_updates}
          />,
        ],
        [
          isUnknown ? 'All updates, then' : 'All updates',
          <InTab key="updates" host={host} tab="updates" number={listing.updates} />,
        ],
        ['Packages', <InTab key="packages" host={host} tab="packages" number={listing.packages} />],
        ['Listed', <When key="listed" at={listing.listed_at} />],
        ['Asked', <When key="asked" at={listing.checked_at} />],
      ]}
    />
  );
}

/** What is known of the host, the worst first. */
export function OverviewTab({ host }: TabProps) {
  const query = useQuery(ask('hostInventory', { parameters: { id: host.id }, query: { limit: 1 } }));
  const isNew = identityOf(host) === 'new';
  const { distro, name, version_id, kernel, architecture } = host.os_details;
  return (
    <Stack mt="md">
      {host.left_at === null ? null : (
        <Alert color="yellow" title="This host has left">
          It left by itself <When at={host.left_at} />. Its certificates are no longer valid.
        </Alert>
      )}
      {host.last_error === null ? null : (
        <Alert color="red" title="When it was asked last, it did not answer">
          {host.last_error}
        </Alert>
      )}
      {host.identity.message === null ? null : (
        <Alert
          color={isNew ? 'blue' : 'yellow'}
          title={isNew ? 'It joined a moment ago' : 'Its certificate needs a look'}
        >
          {host.identity.message}
        </Alert>
      )}
      <Loaded query={query} what="what waits on the host">
        {({ host: listing }) => (
          <>
            {listing.state === 'unknown' ? (
              <Unknown title="What waits on this host is unknown" reason={listing.reason} />
            ) : null}
            <Waiting host={host} listing={listing} />
          </>
        )}
      </Loaded>
      <Text fw={600}>The host</Text>
      <Facts
        of={[
          ['Groups', <PutTogether key="groups" by="group" names={host.groups} />],
          ['Labels', <PutTogether key="labels" by="label" names={labelsOf(host)} />],
          ['Reboot', <Said key="reboot" text={rebootWords(host.reboot)} />],
          ['Its policy lets managers ask for', policyFact(host.policy)],
          ['Seen', <When key="seen" at={host.last_seen_at} />],
          [
            'System',
            <Said key="system" text={[distro ?? name, version_id].filter(Boolean).join(' ') || 'not said'} />,
          ],
          [
            'Kernel',
            <Said key="kernel" text={[kernel, architecture].filter(Boolean).join(' ') || 'not said'} />,
          ],
          ['Address', `${host.ip_address}, port ${host.agent_port}`],
          ['Machine id', host.machine_id],
          ['Joined', <When key="joined" at={host.created_at} />],
        ]}
      />
      <RebootHost host={host} />
    </Stack>
  );
}
