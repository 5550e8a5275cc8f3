import { Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { call } from '../api/call.ts';
import { ask } from '../api/queries.ts';
import { useWhyNot } from '../session/session.ts';
import { useAct } from '../session/use-act.ts';
import { ConfirmButton } from '../shell/confirm-button.tsx';
import { Empty } from '../states/empty.tsx';
import { Loaded } from '../states/loaded.tsx';
import { confirmRevokeProgram } from '../words/confirmations.ts';
import { Ends } from '../words/ends.tsx';
import { Listing, Row } from '../words/listing.tsx';
import { describeRights } from '../words/rights.ts';
import { When } from '../words/when.tsx';
import { who } from '../words/who.ts';
import { NewApiToken } from './new-api-token.tsx';
import { SettingsTabs } from './settings-tabs.tsx';

const COLUMNS = ['Name', 'Role', 'May also let in', 'State', 'Ends', 'Made', 'By', 'Used', 'From', 'Change'];

function Revoke({ name }: { readonly name: string }) {
  const mayNot = useWhyNot('api-tokens:manage');
  const act = useAct(() => call('revokeApiToken', { parameters: { name } }));
  return <ConfirmButton asks={confirmRevokeProgram(name)} why={mayNot} act={act} wish={undefined} />;
}

/** API tokens: which programs may do what. */
export function ProgramsScreen() {
  const query = useQuery(ask('listApiTokens'));
  return (
    <>
      <Title order={1}>Programs</Title>
      <SettingsTabs />
      <Text my="md">
        A program calls the API over HTTPS with a token, as far as the role of the token goes; it lets in
        hosts, people or other programs only where its token says so.
      </Text>
      <Loaded query={query} what="the API tokens">
        {({ api_tokens: tokens }) =>
          tokens.length === 0 ? (
            <Empty title="No API tokens." />
          ) : (
            <Listing caption="API tokens, newest first" columns={COLUMNS}>
              {tokens.map((one) => (
                <Row
                  key={one.name}
                  cells={[
                    one.name,
                    describeRights(one),
                    one.allowed.length === 0 ? '–' : one.allowed.join(', '),
                    one.state,
                    <Ends key="ends" at={one.expires_at} />,
                    <When key="made" at={one.created_at} />,
                    who(one.created_by),
                    <When key="used" at={one.last_used_at} />,
                    one.last_used_from ?? '–',
                    one.state === 'active' ? <Revoke key="revoke" name={one.name} /> : null,
                  ]}
                />
              ))}
            </Listing>
          )
        }
      </Loaded>
      <NewApiToken />
    </>
  );
}
