import type { Enrollment } from '@linux-patch/contract';
import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ask } from '../api/queries.ts';
import { Loaded } from '../states/loaded.tsx';
import { Listing, Row } from '../words/listing.tsx';
import { Said } from '../words/said.tsx';
import { When } from '../words/when.tsx';
import { alikeHosts } from './alike-hosts.ts';

const SHOWN = 5;

/** A request beside the hosts on record with its name, address or machine-id. */
export function CompareHosts({ request }: { readonly request: Enrollment }) {
  const query = useQuery(ask('listHosts'));
  return (
    <Loaded query={query} what="the hosts that are like it">
      {({ hosts }) => {
        const alike = alikeHosts(request, hosts).slice(0, SHOWN);
        if (alike.length === 0) return null;
        return (
          <>
            <Listing
              caption="What this manager knows of both"
              columns={['Which', 'Name', 'Address', 'Machine id', 'Certificate', 'Answered last']}
            >
              <Row
                cells={[
                  'asks',
                  <Said key="name" text={request.fqdn} />,
                  request.ip_address,
                  <Said key="machine" text={request.machine_id} />,
                  `none yet; key ${request.key_id ?? 'made by this manager'}`,
                  'not asked yet',
                ]}
              />
              {alike.map((host) => (
                <Row
                  key={host.id}
                  cells={[
                    'on record',
                    <Link key="name" to="/hosts/$name" params={{ name: host.fqdn }}>
                      {host.fqdn}
                    </Link>,
                    host.ip_address,
                    <Said key="machine" text={host.machine_id} />,
                    host.certificate_serial ?? 'none',
                    <When key="seen" at={host.last_seen_at} />,
                  ]}
                />
              ))}
            </Listing>
            <Text size="sm">
              Does the host on record still answer? Then there are two machines: this one is a copy, and gets
              a name and a machine-id of its own first. Does it answer no more because it was installed again?
              Then it takes over the record.
            </Text>
          </>
        );
      }}
    </Loaded>
  );
}
