import type { Host } from '@linux-patch/contract';
import { Text } from '@mantine/core';
import { Said } from '../words/said.tsx';

/** What people wrote about a host, for whoever is about to do something on it. */
export function HostNote({ note }: Pick<Host, 'note'>) {
  if (note === null) return null;
  return (
    <Text mb="xs">
      Note: <Said text={note} />
    </Text>
  );
}
