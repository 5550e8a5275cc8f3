import { type Query, useQueryClient } from '@tanstack/react-query';
import { useCallback, useSyncExternalStore } from 'react';
import { failureOf, isUnreachable } from '../api/call-failure.ts';
import { Failed } from '../states/failed.tsx';

function isInVain({ state }: Query): boolean {
  return isUnreachable(state.error);
}

/** Says once, above whatever is on the screen, that the manager does not answer; each question there has only its age. */
export function Away() {
  const client = useQueryClient();
  const cache = client.getQueryCache();
  const error = useSyncExternalStore(
    useCallback((changed: () => void) => cache.subscribe(changed), [cache]),
    () => cache.findAll({ type: 'active', predicate: isInVain })[0]?.state.error ?? null,
  );
  if (error === null) return null;
  return (
    <Failed
      failure={failureOf(error)}
      retry={() => void client.refetchQueries({ type: 'active', predicate: isInVain })}
    />
  );
}
