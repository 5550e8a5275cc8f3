import type { Job } from '@linux-patch/contract';
import { Alert, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { count } from '../words/count.ts';

const NAMED = 10;

/** What still runs replaced code after a job, and where it is restarted. */
export function OldCodeLeft({
  host,
  left,
}: {
  readonly host: string;
  readonly left: Job['old_code'] | undefined;
}) {
  if (!left || (left.services.length === 0 && left.others === 0 && left.unknown === 0)) return null;
  const { services, others, unknown } = left;
  const more = services.length - NAMED;
  return (
    <Alert color="yellow" title="Replaced code still runs">
      {services.length > 0 ? (
        <Text>
          In {services.slice(0, NAMED).join(', ')}
          {more > 0 ? ` and ${count(more, 'other service')}` : ''}: a restart takes up the new one.
        </Text>
      ) : null}
      {others > 0 ? (
        <Text>In {count(others, 'other program')}, as those of people who are logged in.</Text>
      ) : null}
      {unknown > 0 ? <Text>? Nobody could look at {count(unknown, 'running program')}.</Text> : null}
      <Text mt="xs">
        <Link to="/hosts/$name/$tab" params={{ name: host, tab: 'services' }}>
          Services of {host}, as they are now
        </Link>
      </Text>
    </Alert>
  );
}
