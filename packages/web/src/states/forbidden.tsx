import { Alert, Text } from '@mantine/core';

/** The role of whoever is signed in does not go so far; the manager's words say which one does. */
export function Forbidden({ message }: { readonly message: string }) {
  return (
    <Alert color="yellow" title="Your role does not show this" role="alert">
      <Text>{message}</Text>
      <Text size="sm">Somebody with the role admin can give you another one.</Text>
    </Alert>
  );
}
