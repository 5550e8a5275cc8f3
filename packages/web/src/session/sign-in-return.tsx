import { Alert, Button, Stack, Text, Title } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { call } from '../api/call.ts';
import { type CallFailure, failureOf } from '../api/call-failure.ts';
import { goToProvider, type Returned, takeFrom, takeReturned, tellDone } from './provider.ts';
import { begin } from './session.ts';
import { UseProvider, useProviderName } from './use-provider.tsx';

type Stage =
  | { readonly is: 'under-way' }
  | { readonly is: 'done' }
  | { readonly is: 'failed'; readonly failure: CallFailure; readonly returned: Returned };

function Refused({ failure, returned }: { readonly failure: CallFailure; readonly returned: Returned }) {
  const name = useProviderName() ?? 'the identity provider';
  return (
    <>
      <Alert
        color="red"
        role="alert"
        title={returned.purpose === 'sign-in' ? 'You are not signed in' : 'That was no proof'}
      >
        {failure.message}
      </Alert>
      {returned.isWindow ? (
        <Text>Close this window, and try again in the one where you began.</Text>
      ) : (
        <>
          <UseProvider words={`Sign in with ${name} again`} act={goToProvider} />
          <Button component="a" href="/" variant="default">
            Sign in another way
          </Button>
        </>
      )}
    </>
  );
}

/** Where the identity provider sends people back to: brings its answer to the manager, once. */
export function SignInReturn() {
  const client = useQueryClient();
  const { history } = useRouter();
  const [stage, setStage] = useState<Stage>({ is: 'under-way' });
  const isTaken = useRef(false);
  useEffect(() => {
    if (isTaken.current) return;
    isTaken.current = true;
    const returned = takeReturned();
    if (!returned) {
      history.replace(takeFrom());
      return;
    }
    const { answer, purpose, isWindow } = returned;
    const bring = async (): Promise<void> => {
      if (purpose === 'step-up') await call('stepUp', { body: { oidc: answer } });
      else {
        const session = await call('signInWithOidc', { body: { answer } });
        if (!isWindow) {
          history.replace(takeFrom());
          return begin(client, session);
        }
      }
      setStage({ is: 'done' });
      tellDone(returned);
    };
    bring().catch((error: unknown) => setStage({ is: 'failed', failure: failureOf(error), returned }));
  }, [client, history]);
  return (
    <Stack component="main" maw={480} mx="auto" p="md" mt="xl">
      <Title order={1}>Linux Patch</Title>
      {stage.is === 'under-way' ? (
        <Text role="status">One moment: what the provider said is looked at.</Text>
      ) : null}
      {stage.is === 'done' ? (
        <Text role="status">✓ Done. Close this window: the one where you began goes on.</Text>
      ) : null}
      {stage.is === 'failed' ? <Refused failure={stage.failure} returned={stage.returned} /> : null}
    </Stack>
  );
}
