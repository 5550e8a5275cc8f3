import { Text } from '@mantine/core';

/** It was asked and may come. */
export function Loading({ what }: { readonly what: string }) {
  return (
    <Text role="status" py="md">
      Asking the manager for {what} …
    </Text>
  );
}
