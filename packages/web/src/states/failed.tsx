import { Alert, Button, Text } from '@mantine/core';
import type { CallFailure } from '../api/call-failure.ts';

/** It was asked and not answered: what happened, and what to do. */
export function Failed({ failure, retry }: { readonly failure: CallFailure; readonly retry?: () => void }) {
  return (
    <Alert color="red" title="This could not be loaded" role="alert">
      <Text>{failure.message}</Text>
      {failure.requestId === undefined ? null : (
        <Text size="sm">In the manager's log: request {failure.requestId}</Text>
      )}
      {retry === undefined ? null : (
        <Button mt="sm" variant="default" onClick={retry}>
          Try again
        </Button>
      )}
    </Alert>
  );
}
