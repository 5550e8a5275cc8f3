import { Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ask } from '../api/queries.ts';
import { Empty } from '../states/empty.tsx';
import { Loaded } from '../states/loaded.tsx';
import { wayOf } from '../words/factors.ts';
import { Listing, Row } from '../words/listing.tsx';
import { describeRights } from '../words/rights.ts';
import { When } from '../words/when.tsx';
import { who } from '../words/who.ts';
import { NewPerson } from './new-person.tsx';
import { SettingsTabs } from './settings-tabs.tsx';

const COLUMNS = ['Name', 'Role', 'State', 'Signs in by', 'Signed in', 'Made', 'By'];

/** Who may sign in, and what they may do. */
export function PeopleScreen() {
  const query = useQuery(ask('listPeople'));
  return (
    <>
      <Title order={1}>People</Title>
      <SettingsTabs />
      <Loaded query={query} what="the people">
        {({ people }) =>
          people.length === 0 ? (
            <Empty title="Nobody may sign in." />
          ) : (
            <Listing caption="People, by name" columns={COLUMNS}>
              {people.map((one) => (
                <Row
                  key={one.name}
                  cells={[
                    <Link key="name" to="/settings/people/$name" params={{ name: one.name }}>
                      {one.name}
                    </Link>,
                    describeRights(one),
                    one.state === 'active' ? 'active' : '✖ shut out',
                    wayOf(one),
                    <When key="in" at={one.last_sign_in_at} />,
                    <When key="made" at={one.created_at} />,
                    who(one.created_by),
                  ]}
                />
              ))}
            </Listing>
          )
        }
      </Loaded>
      <NewPerson />
    </>
  );
}
