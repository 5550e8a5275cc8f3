import { Alert, Text } from '@mantine/core';

/** Nobody can say; never to be read as good. */
export function Unknown({ title, reason }: { readonly title: string; readonly reason: string | null }) {
  return (
    <Alert color="yellow" title={`? ${title}`} role="status">
      <Text>{reason ?? 'The manager gives no reason.'}</Text>
    </Alert>
  );
}
