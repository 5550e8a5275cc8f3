import type { PolicyDenial } from '@linux-patch/contract';
import { Alert, Text } from '@mantine/core';
import { placeOf } from './plan-sentences.ts';

/** The rule of a host that forbids a change. */
export function DeniedByPolicy({ denial }: { readonly denial: PolicyDenial }) {
  const { rule, reason, packages } = denial;
  return (
    <Alert color="red" title="✖ The policy of the host forbids this">
      <Text>
        {reason} (rule {rule === '' ? 'none: the file itself is faulty' : rule}, {placeOf(denial)}).
      </Text>
      {packages.length > 0 ? <Text>It is about {packages.join(', ')}.</Text> : null}
      <Text mt="xs">
        Nothing was changed. Whoever is root on the host decides about its policy; choose something that it
        allows, or come back when it does.
      </Text>
    </Alert>
  );
}
