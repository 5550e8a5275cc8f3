import { Alert } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { failureOf } from '../api/call-failure.ts';
import { ask } from '../api/queries.ts';
import { ActButton } from '../shell/act-button.tsx';
import { surroundings, whyNoPasskey } from './passkey-place.ts';

/** Why no passkey can be used here; undefined when one can. */
export function useWhyNoPasskey(): string | undefined {
  const { data, error } = useQuery({
    ...ask('passkeyChallenge'),
    staleTime: Number.POSITIVE_INFINITY,
    refetchInterval: false,
  });
  if (data) return whyNoPasskey(surroundings(), data);
  return error ? failureOf(error).message : 'One moment: the manager is asked where passkeys count.';
}

/** A button that lets somebody show a passkey; what went wrong stands below it. */
export function UsePasskey({ act }: { readonly act: () => Promise<void> }) {
  const why = useWhyNoPasskey();
  const { mutate, isPending, error } = useMutation({ mutationFn: act });
  return (
    <>
      <ActButton why={why} busy={isPending} act={() => mutate()} quiet>
        Use a passkey
      </ActButton>
      {error ? (
        <Alert color="red" role="alert">
          {failureOf(error).message}
        </Alert>
      ) : null}
    </>
  );
}
