import { Text } from '@mantine/core';
import type { UseQueryResult } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { failureOf, isUnreachable } from '../api/call-failure.ts';
import { SaidWhen } from '../words/said-when.tsx';
import { Failed } from './failed.tsx';
import { Forbidden } from './forbidden.tsx';
import { Loading } from './loading.tsx';

/** Why there is no answer; a question that failed is not one that was just asked, also while it is asked again. */
function useFailure({ data, error, failureReason, errorUpdatedAt }: UseQueryResult): unknown {
  const [last, setLast] = useState({ error, at: errorUpdatedAt });
  if (error !== null && error !== last.error) setLast({ error, at: errorUpdatedAt });
  if (error !== null || (data !== undefined && data !== null)) return error;
  return errorUpdatedAt > 0 && last.at === errorUpdatedAt ? last.error : failureReason;
}

/** What a question came to; an answer that could not be renewed stays, with its age and why. */
export function Loaded<T>({
  query,
  what,
  beside = false,
  children,
}: {
  readonly query: UseQueryResult<T>;
  /** After "asking the manager for". */
  readonly what: string;
  /** Another answer on the screen tells its age, which is this one's too as long as nothing fails. */
  readonly beside?: boolean;
  readonly children: (data: NonNullable<T>) => ReactNode;
}) {
  const { data, dataUpdatedAt } = query;
  const error = useFailure(query);
  const failure = error ? failureOf(error) : undefined;
  // Which is said above the screen, once.
  const isAway = isUnreachable(error);
  const hasData = data !== undefined && data !== null;
  return (
    <div className="answer">
      {failure?.code === 'FORBIDDEN' ? <Forbidden message={failure.message} /> : null}
      {failure && failure.code !== 'FORBIDDEN' && !isAway ? (
        <Failed failure={failure} retry={() => void query.refetch()} />
      ) : null}
      {isAway && !hasData ? <Text>Not known: the manager could not be asked for {what}.</Text> : null}
      {hasData ? children(data) : null}
      {hasData && (failure || !beside) ? (
        <Text size="sm" mt="sm" className={failure ? undefined : 'answer-age'}>
          Last updated <SaidWhen at={dataUpdatedAt} />
          {failure ? `: ${what}` : ''}.
        </Text>
      ) : null}
      {!hasData && !failure ? <Loading what={what} /> : null}
    </div>
  );
}
