import { Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { ask } from '../api/queries.ts';
import { HostNote } from '../host/host-note.tsx';
import { Loaded } from '../states/loaded.tsx';
import { PatchHost } from './patch-host.tsx';

/** Updates for one host: what to take, what that would do, and then the doing. */
export function PatchScreen() {
  const { name = '' } = useParams({ strict: false });
  const query = useQuery(ask('getHost', { parameters: { id: name } }));
  return (
    <>
      <Title order={1} mb="md">
        Patch {name}
      </Title>
      <HostNote note={query.data?.note ?? null} />
      <nav aria-label="Back">
        <Link to="/hosts/$name/$tab" params={{ name, tab: 'updates' }}>
          Updates of {name}
        </Link>
      </nav>
      <Loaded query={query} what={name}>
        {(host) => <PatchHost key={host.id} host={host} />}
      </Loaded>
    </>
  );
}
