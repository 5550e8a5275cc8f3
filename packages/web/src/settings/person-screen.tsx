import type { Session } from '@linux-patch/contract';
import { Paper, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { SessionsTable } from '../account/sessions-table.tsx';
import { call } from '../api/call.ts';
import { ask } from '../api/queries.ts';
import { Facts } from '../host/facts.tsx';
import { useWhyNot } from '../session/session.ts';
import { useAct } from '../session/use-act.ts';
import { Asked } from '../shell/asked.tsx';
import { useQuestion } from '../shell/use-question.ts';
import { Empty } from '../states/empty.tsx';
import { Loaded } from '../states/loaded.tsx';
import { confirmEndSessions } from '../words/confirmations.ts';
import { count } from '../words/count.ts';
import { wayOf } from '../words/factors.ts';
import { When } from '../words/when.tsx';
import { who } from '../words/who.ts';
import { PersonChanges } from './person-changes.tsx';
import { PersonProvider } from './person-provider.tsx';
import { PersonReset } from './person-reset.tsx';
import { SettingsTabs } from './settings-tabs.tsx';

function Sessions({ name }: { readonly name: string }) {
  const mayNot = useWhyNot('people:manage');
  const query = useQuery(ask('personSessions', { parameters: { name } }));
  const act = useAct((session: string | undefined) =>
    call('endPersonSessions', { parameters: { name }, body: session === undefined ? {} : { session } }),
  );
  const question = useQuestion(act);
  const end = (sessions: readonly Session[], one?: Session): void => {
    const others = sessions.filter(({ current }) => !current).length;
    const where = one ? `the session from ${one.address}` : count(others, 'session');
    question.ask(confirmEndSessions(name, where), one?.id);
  };
  return (
    <Paper withBorder p="md">
      <Title order={2} size="h4" mb="xs">
        Where {name} is signed in
      </Title>
      <Loaded query={query} what={`the sessions of ${name}`} beside>
        {({ sessions }) =>
          sessions.length === 0 ? (
            <Empty title="Not signed in anywhere." />
          ) : (
            <SessionsTable
              sessions={sessions}
              why={mayNot}
              busy={act.busy}
              end={(one) => end(sessions, one)}
            />
          )
        }
      </Loaded>
      <Asked question={question} why={mayNot} />
    </Paper>
  );
}

/** One person: what they may do, how they sign in, and where they are signed in. */
export function PersonScreen() {
  const { name = '' } = useParams({ strict: false });
  const query = useQuery(ask('listPeople'));
  return (
    <Stack>
      <Title order={1}>{name}</Title>
      <SettingsTabs />
      <Loaded query={query} what={name}>
        {({ people }) => {
          const person = people.find((one) => one.name === name);
          if (!person) return <Empty title={`There is no person ${name}.`} />;
          return (
            <Stack>
              <Facts
                of={[
                  [
                    'State',
                    person.state === 'active' ? 'active' : '✖ shut out: nobody signs in by this name',
                  ],
                  ['Signs in by', wayOf(person)],
                  ['Signed in', <When key="in" at={person.last_sign_in_at} />],
                  ['Made', <When key="made" at={person.created_at} />],
                  ['By', who(person.created_by)],
                ]}
              />
              <PersonChanges person={person} />
              <PersonProvider person={person} />
              <PersonReset person={person} />
              <Sessions name={name} />
              <Text size="sm">
                <Link to="/audit" search={{ actor: `person:${name}` }}>
                  What {name} did
                </Link>{' '}
                stands in the audit log.
              </Text>
            </Stack>
          );
        }}
      </Loaded>
    </Stack>
  );
}
