import { Alert, Text } from '@mantine/core';
import type { CallFailure } from '../api/call-failure.ts';

/** It was asked for and not done: what happened, and what to do. */
export function Refused({
  title,
  failure,
  advice,
}: {
  readonly title: string;
  readonly failure: CallFailure;
  readonly advice?: string | undefined;
}) {
  return (
    <Alert color="red" title={title} role="alert">
      <Text>{failure.message}</Text>
      {advice === undefined ? null : <Text mt="xs">{advice}</Text>}
      <Text size="sm" mt="xs">
        {failure.code}
        {failure.requestId === undefined ? '' : ` · in the manager's log: request ${failure.requestId}`}
      </Text>
    </Alert>
  );
}
