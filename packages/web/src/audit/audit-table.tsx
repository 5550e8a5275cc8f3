import { Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { Answered } from '../api/call.ts';
import { Facts } from '../host/facts.tsx';
import { Listing, Row } from '../words/listing.tsx';
import { Said } from '../words/said.tsx';
import { When } from '../words/when.tsx';
import { addressOf, fieldsOf } from './fields.ts';
import { MEANINGS } from './meanings.ts';

/** Records, newest first. */
export function AuditTable({ records }: { readonly records: Answered<'listAudit'>['records'] }) {
  return (
    <Listing caption="Records, newest first" columns={['Number', 'When', 'Who', 'What', 'From', 'With']}>
      {records.map(({ seq, at, actor, event, fields }) => (
        <Row
          key={seq}
          cells={[
            seq,
            <When key="at" at={at} />,
            <Link key="actor" to="/audit" search={{ actor }}>
              <Said text={actor} />
            </Link>,
            <div key="event">
              <Text size="sm">{MEANINGS[event] ?? 'An event that this page does not know.'}</Text>
              <Link to="/audit" search={{ event }}>
                {event}
              </Link>
            </div>,
            addressOf(fields) ?? '–',
            <Facts
              key="fields"
              of={fieldsOf(fields).map(([name, text]) => [name, <Said key={name} text={text} />])}
            />,
          ]}
        />
      ))}
    </Listing>
  );
}
