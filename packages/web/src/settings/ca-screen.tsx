import { Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { ask } from '../api/queries.ts';
import { NotFollowed } from '../rotation/not-followed.tsx';
import { Rotation } from '../rotation/rotation.tsx';
import { Loaded } from '../states/loaded.tsx';
import { Ends } from '../words/ends.tsx';
import { Listing, Row } from '../words/listing.tsx';
import { ToPaste } from '../words/to-paste.tsx';
import { SettingsTabs } from './settings-tabs.tsx';

const COLUMNS = ['CA', 'Role', 'Issues to', 'Hosts', 'Root ends', 'Issuing CA ends'];

/** The certificate authorities, when they end, and their replacement. */
export function CaScreen() {
  const query = useQuery(ask('authority'));
  return (
    <>
      <Title order={1}>Certificate authority</Title>
      <SettingsTabs />
      <Loaded query={query} what="its certificate authorities">
        {(authority) => (
          <Stack mt="md">
            <Listing caption="Certificate authorities" columns={COLUMNS}>
              {authority.authorities.map((ca) => (
                <Row
                  key={ca.id}
                  cells={[
                    ca.id,
                    ca.role,
                    ca.issues_to.join(', ') || '–',
                    ca.hosts,
                    <Ends key="root" at={ca.root.not_after} />,
                    <Ends key="issuing" at={ca.issuing.not_after} />,
                  ]}
                />
              ))}
            </Listing>
            {authority.authorities.map((ca) => (
              <div key={ca.id}>
                <Text size="sm" mb={4}>
                  Fingerprint of {ca.id}, by which a host knows this manager when it joins (its pin)
                  {ca.pin_works ? '' : ': ✖ dead, hosts that have it cannot join'}
                </Text>
                <ToPaste name={`Fingerprint of ${ca.id}`} text={ca.fingerprint} />
              </div>
            ))}
            <Rotation authority={authority} />
            <NotFollowed laggards={authority.laggards} />
            <Listing
              caption="The manager's own certificates"
              columns={['Of', 'From', 'Ends', 'Serial number']}
            >
              {authority.own_certificates.map((one) => (
                <Row
                  key={one.serial}
                  cells={[one.name, one.authority, <Ends key="ends" at={one.not_after} />, one.serial]}
                />
              ))}
            </Listing>
          </Stack>
        )}
      </Loaded>
    </>
  );
}
