import { Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { ask } from '../api/queries.ts';
import { PutTogether } from '../host/put-together.tsx';
import { labelsOf } from '../hosts/known-host.ts';
import { Empty } from '../states/empty.tsx';
import { Loaded } from '../states/loaded.tsx';
import { Ends } from '../words/ends.tsx';
import { Listing, Row } from '../words/listing.tsx';
import { Said } from '../words/said.tsx';
import { When } from '../words/when.tsx';
import { who } from '../words/who.ts';
import { NewToken } from './new-token.tsx';
import { QueueTabs } from './queue-tabs.tsx';
import { RevokeToken } from './revoke-token.tsx';
import { usersOf } from './users-of.ts';

const COLUMNS = [
  'Token',
  'State',
  'Note',
  'Used',
  'Hosts',
  'Into groups',
  'With labels',
  'Made',
  'Ends',
  'Let in',
  'Change',
];

/** Join tokens, with which hosts come in without a person. */
export function TokensScreen() {
  const query = useQuery(ask('listTokens'));
  return (
    <>
      <Title order={1} mb="md">
        Join tokens
      </Title>
      <QueueTabs />
      <Text my="md">
        Who has a join token lets hosts in without a person, until it ends or is used up. Make it for as few
        hosts and as short as will do.
      </Text>
      <NewToken />
      <Loaded query={query} what="the join tokens">
        {({ tokens }) =>
          tokens.length === 0 ? (
            <Empty title="No join tokens." />
          ) : (
            <Listing caption="Join tokens, newest first" columns={COLUMNS}>
              {tokens.map((one) => (
                <Row
                  key={one.id}
                  cells={[
                    one.id,
                    one.state,
                    one.note === null ? '–' : <Said key="note" text={one.note} />,
                    `${one.used} of ${one.uses}`,
                    one.hosts ?? 'any',
                    <PutTogether key="groups" by="group" names={one.groups} />,
                    <PutTogether key="labels" by="label" names={labelsOf(one)} />,
                    <Stack key="made" gap={0}>
                      <When at={one.created_at} />
                      {who(one.created_by)}
                    </Stack>,
                    <Ends key="ends" at={one.expires_at} />,
                    usersOf(one),
                    <RevokeToken key="revoke" token={one} />,
                  ]}
                />
              ))}
            </Listing>
          )
        }
      </Loaded>
    </>
  );
}
