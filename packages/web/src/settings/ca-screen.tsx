import { Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { Answered } from '../api/call.ts';
import { ask } from '../api/queries.ts';
import { Facts } from '../host/facts.tsx';
import { Loaded } from '../states/loaded.tsx';
import { Ends } from '../words/ends.tsx';
import { Listing, Row } from '../words/listing.tsx';
import { When } from '../words/when.tsx';
import { SettingsTabs } from './settings-tabs.tsx';

type Authority = Answered<'authority'>;

const PHASES: Readonly<Record<Authority['phase'], string>> = {
  standby: 'no rotation is under way',
  trust: '1 of 3: hosts learn to trust the new CA, which issues nothing yet',
  manager: "2 of 3: the manager's own certificates are from the new CA",
  hosts: '3 of 3: hosts get certificates of the new CA',
  rollback: 'rolling back: everything is issued by the old CA again',
};

const NEXT: Readonly<Record<Authority['phase'], string>> = {
  standby: 'start',
  trust: 'continue',
  manager: 'continue',
  hosts: 'finish',
  rollback: 'finish',
};

const COLUMNS = ['CA', 'Role', 'Issues to', 'Hosts', 'Root ends', 'Issuing CA ends', 'Fingerprint (pin)'];

function Rotation({ authority }: { readonly authority: Authority }) {
  const { phase, phase_since: since, followed, hosts, rotation_due: isDue, rotation_due_at: due } = authority;
  return (
    <>
      <Facts
        of={[
          ['Rotation', PHASES[phase]],
          ...(since === null
            ? []
            : [
                ['Since', <When key="since" at={since} />] as const,
                ['Followed', `${followed} of ${hosts} hosts`] as const,
              ]),
          [
            'Replace the root',
            <span key="due">
              {isDue ? '▲ now; it was due ' : ''}
              <Ends at={due} />
            </span>,
          ],
        ]}
      />
      <Text mt="sm">
        It is done step by step on the manager&apos;s machine, as root
        {phase === 'standby' ? '' : '; when all have followed'}:{' '}
        <code>linux-patch-manager ca rotate {NEXT[phase]}</code>
      </Text>
    </>
  );
}

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
                    `${ca.fingerprint}${ca.pin_works ? '' : ' ✖ a dead pin: hosts that have it cannot join'}`,
                  ]}
                />
              ))}
            </Listing>
            <Rotation authority={authority} />
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
            {authority.laggards.length === 0 ? null : (
              <Listing caption="Hosts that have not followed" columns={['Host', 'Why']}>
                {authority.laggards.slice(0, 100).map(({ host, reason }) => (
                  <Row key={host} cells={[host, reason]} />
                ))}
              </Listing>
            )}
          </Stack>
        )}
      </Loaded>
    </>
  );
}
