import { Alert, Text } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { failureOf } from '../api/call-failure.ts';
import { ask } from '../api/queries.ts';
import { ActButton } from '../shell/act-button.tsx';

/** How people know the identity provider with which they may sign in; undefined where there is none, or it is not known yet. */
export function useProviderName(): string | undefined {
  const { data } = useQuery({
    ...ask('oidcOffer'),
    staleTime: Number.POSITIVE_INFINITY,
    refetchInterval: false,
  });
  return data?.name ?? undefined;
}

/** A button that goes to the identity provider; what went wrong stands below it, and what is waited for. */
export function UseProvider({
  words,
  waits,
  act,
}: {
  readonly words: string;
  /** What happens elsewhere meanwhile. */
  readonly waits?: string;
  /** Called at once when it is pressed; ends with the signal. */
  readonly act: (signal: AbortSignal) => Promise<void>;
}) {
  const going = useRef<AbortController>(undefined);
  const { mutate, isPending, error } = useMutation({
    mutationFn: () => {
      // Pressed again, what was begun before is waited for no more: its window may be closed.
      going.current?.abort();
      going.current = new AbortController();
      return act(going.current.signal);
    },
  });
  useEffect(() => () => going.current?.abort(), []);
  return (
    <>
      <ActButton why={undefined} busy={false} act={() => mutate()} quiet>
        {words}
      </ActButton>
      {isPending && waits !== undefined ? (
        <Text size="sm" role="status">
          {waits}
        </Text>
      ) : null}
      {error ? (
        <Alert color="red" role="alert">
          {failureOf(error).message}
        </Alert>
      ) : null}
    </>
  );
}
