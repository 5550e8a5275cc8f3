import { Link } from '@tanstack/react-router';
import { Said } from '../words/said.tsx';
import { type Fields, hostOf } from './fields.ts';

/** Members that name something of which there is more to read in the log itself. */
const IN_THE_LOG = new Set([
  'api_token',
  'enrollment',
  'fqdn',
  'key_id',
  'name',
  'request_id',
  'session',
  'successor',
  'token',
]);
/** The most that can be looked for. */
const SEARCH_CHARACTERS = 128;

/** What a record says under one name, with the way to its screen where there is one. */
export function Told({
  name,
  text,
  fields,
  shown = text,
}: {
  readonly name: string;
  readonly text: string;
  readonly fields: Fields;
  /** As it fits where it stands. */
  readonly shown?: string;
}) {
  const said = <Said text={shown} />;
  const host = hostOf(fields);
  if (name === 'host' || (name === 'fqdn' && host !== undefined))
    return (
      <Link to="/hosts/$name" params={{ name: host ?? text }}>
        {said}
      </Link>
    );
  if (name === 'job' && host !== undefined)
    return (
      <Link to="/hosts/$name/jobs/$job" params={{ name: host, job: text }}>
        {said}
      </Link>
    );
  if (name === 'person')
    return (
      <Link to="/settings/people/$name" params={{ name: text }}>
        {said}
      </Link>
    );
  if (name === 'act')
    return (
      <Link to="/acts/$id" params={{ id: text }}>
        {said}
      </Link>
    );
  if (name === 'group')
    return (
      <Link to="/hosts" search={{ q: `group:${text}` }}>
        {said}
      </Link>
    );
  if (name === 'serial' || name === 'previous_serial')
    return (
      <Link to="/certificates" search={{ q: text, state: 'all' }}>
        {said}
      </Link>
    );
  if (IN_THE_LOG.has(name) && text.length <= SEARCH_CHARACTERS)
    return (
      <Link to="/audit" search={{ about: text }}>
        {said}
      </Link>
    );
  return said;
}
