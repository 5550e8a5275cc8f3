import { type Query, useQueryClient } from '@tanstack/react-query';
import { useCallback, useSyncExternalStore } from 'react';
import { failureOf, isUnreachable } from '../api/call-failure.ts';
import { Failed } from '../states/failed.tsx';

/** Why a question has no answer, also while it is asked again. */
function reasonOf({ state }: Query): Error | null {
  return state.error ?? (state.data === undefined ? state.fetchFailureReason : null);
}

function isInVain(query: Query): boolean {
  return isUnreachable(reasonOf(query));
}

/** Says once, above whatever is on the screen, that the manager does not answer; each question there has only its age. */
export function Away() {
  const client = useQueryClient();
  const cache = client.getQueryCache();
  const error = useSyncExternalStore(
    useCallback((changed: () => void) => cache.subscribe(changed), [cache]),
    () => {
      const [query] = cache.findAll({ type: 'active', predicate: isInVain });
      return query ? reasonOf(query) : null;
    },
  );
  if (error === null) return null;
  return (
    <Failed
      failure={failureOf(error)}
      retry={() => void client.refetchQueries({ type: 'active', predicate: isInVain })}
    />
  );
}
