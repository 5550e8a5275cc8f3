import { useDocumentVisibility } from '@mantine/hooks';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { sessionQuery } from '../session/session.ts';
import { setLive } from './polling.ts';
import { createRefresher } from './refresher.ts';
import { shareHints } from './share.ts';

/** Keeps what is on the screen as it is on record, while somebody is signed in and has it in sight. */
export function useLive(): void {
  const client = useQueryClient();
  const { data: session } = useQuery(sessionQuery);
  const isSeen = useDocumentVisibility() === 'visible';
  const id = isSeen ? session?.session.id : undefined;
  useEffect(() => {
    if (id === undefined) return undefined;
    const refresher = createRefresher(client);
    const leave = shareHints((heard) => {
      setLive(client, heard !== 'lost');
      refresher.changed(heard === 'lost' ? ['all'] : heard.changed);
    });
    return () => {
      leave();
      refresher[Symbol.dispose]();
      setLive(client, false);
    };
  }, [client, id]);
}
