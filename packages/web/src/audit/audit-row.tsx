import { Button, Table, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { Fragment, useId, useState } from 'react';
import type { Answered } from '../api/call.ts';
import { Facts } from '../host/facts.tsx';
import { Prose } from '../words/prose.tsx';
import { Said } from '../words/said.tsx';
import { When } from '../words/when.tsx';
import { who } from '../words/who.ts';
import { aboutOf, addressOf, clauseOf, type Fields, fieldsOf, hostOf, namedIn, shortOf } from './fields.ts';
import { MEANINGS } from './meanings.ts';
import { Told } from './told.tsx';

type AuditRecord = Answered<'listAudit'>['records'][number];

/** In one line what a record is about. */
function About({
  fields,
  called,
}: {
  readonly fields: Fields;
  readonly called: ReadonlyMap<string, string>;
}) {
  const texts = new Map([...fieldsOf(namedIn(fields)), ['host', hostOf(fields) ?? '']]);
  const method = texts.get('method') ?? '';
  const names = aboutOf(fields);
  const shown = (name: string): string => called.get(texts.get(name) ?? '') ?? shortOf(texts.get(name) ?? '');
  if (names.length === 0) return '–';
  return names.map((name, place) => (
    <Fragment key={name}>
      {place === 0 ? '' : ' · '}
      {name === 'job' ? 'job ' : name === 'route' ? `${method} ` : ''}
      <Told name={name} text={texts.get(name) ?? ''} fields={fields} shown={shown(name)} />
    </Fragment>
  ));
}

/** All that a record says. */
function Whole({
  record: { at, actor, event, fields },
  id,
}: {
  readonly record: AuditRecord;
  readonly id: string;
}) {
  return (
    <Table.Tr id={id}>
      <Table.Td colSpan={COLUMNS.length} className="audit-whole">
        <Text size="sm" mb="xs">
          <Prose text={MEANINGS[event] ?? 'An event that this page does not know.'} />
        </Text>
        <Facts
          of={[
            ['at', new Date(at).toLocaleString()],
            [
              'event',
              <Link key="event" to="/audit" search={{ event }}>
                {event}
              </Link>,
            ],
            ['actor', <Said key="actor" text={actor} />],
            ...fieldsOf(fields).map(
              ([name, text]) => [name, <Told key={name} name={name} text={text} fields={fields} />] as const,
            ),
          ]}
        />
      </Table.Td>
    </Table.Tr>
  );
}

export const COLUMNS = ['Number', 'When', 'Who', 'What', 'About', 'From'] as const;

/** A record in one line, with all that it says below it when somebody asks. */
export function AuditRow({
  record,
  called,
}: {
  readonly record: AuditRecord;
  /** Names of ids that a record may have alone. */
  readonly called: ReadonlyMap<string, string>;
}) {
  const { seq, at, actor, event, fields } = record;
  const [isOpen, setOpen] = useState(false);
  const id = useId();
  return (
    <>
      <Table.Tr className="audit-line">
        <Table.Td>
          <Button
            variant="default"
            size="compact-sm"
            aria-expanded={isOpen}
            aria-controls={isOpen ? id : undefined}
            title="All that the record says"
            onClick={() => setOpen(!isOpen)}
          >
            <span aria-hidden="true">{isOpen ? '▾' : '▸'}&nbsp;</span>
            {seq}
          </Button>
        </Table.Td>
        <Table.Td>
          <When at={at} />
        </Table.Td>
        <Table.Td className="audit-words">
          <Link to="/audit" search={{ actor }}>
            <Said text={who(actor)} />
          </Link>
        </Table.Td>
        <Table.Td title={event} className="audit-words">
          {clauseOf(MEANINGS[event] ?? event)}
        </Table.Td>
        <Table.Td>
          <About fields={fields} called={called} />
        </Table.Td>
        <Table.Td>{addressOf(fields) ?? '–'}</Table.Td>
      </Table.Tr>
      {isOpen ? <Whole record={record} id={id} /> : null}
    </>
  );
}
