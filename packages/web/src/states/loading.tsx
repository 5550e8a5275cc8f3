import { Text } from '@mantine/core';
import { useLong } from '../words/use-long.ts';

/** It was asked and may come. */
export function Loading({ what }: { readonly what: string }) {
  const isLong = useLong(true);
  return (
    <Text role="status" py="md">
      Asking the manager for {what} …{isLong ? ' Nothing came for 10 s: something on the way is slow.' : ''}
    </Text>
  );
}
